using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.HookScripts;

/// <summary>
/// Runs the administrator's scripts around an operation: every file of <c>&lt;root&gt;/&lt;name&gt;/</c> in byte order, with
/// <c>-vmuuid</c>, <c>-reason</c> and, when there is a domain, <c>-vmdomid</c> (xenops protocol). Exit code 0 is well, 1 is
/// logged and ignored, anything else raises Hook_failed. The domain is asked for only when there are scripts.
/// </summary>
public sealed class HookRunner(string root, ILogger logger)
{
    public async Task RunAsync(string name, string vmId, string reason, Func<int?> domid, CancellationToken cancel)
    {
        string directory = Path.Combine(root, name);
        if (!Directory.Exists(directory))
        {
            return;
        }

        string[] arguments =
        [
            "-vmuuid", vmId, "-reason", reason,
            .. domid() is { } number ? new[] { "-vmdomid", number.ToString(CultureInfo.InvariantCulture) } : [],
        ];
        foreach (string script in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
        {
            await RunOneAsync(script, arguments, reason, cancel).ConfigureAwait(false);
        }
    }

    private async Task RunOneAsync(string script, string[] arguments, string reason, CancellationToken cancel)
    {
        using var process = Start(script, arguments, reason);
        string output;
        try
        {
            output = await ProgramOutput.ReadAsync(process.StandardOutput, cancel).ConfigureAwait(false);
            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        switch (process.ExitCode)
        {
            case 0:
                break;
            case 1:
                Log.HookWarned(logger, script, process.ExitCode);
                break;
            default:
                throw new XenopsError(new XenopsErrorValue.Hook_failed(script, reason, output, process.ExitCode.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private static Process Start(string script, string[] arguments, string reason)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(script, arguments) { RedirectStandardOutput = true })
                ?? throw XenopsError.Internal($"{script} did not start");
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new XenopsError(new XenopsErrorValue.Hook_failed(script, reason, error.Message, "127"), error);
        }
    }
}

using System.Globalization;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The xenopsd of a host, made to die as <c>kill -9</c> does before a plain step of a chosen number; the life after that one lasts.</summary>
internal sealed class MortalXenopsd(PoolHost host)
{
    private readonly string file = Path.Combine(host.Directory, "xenopsd.conf");
    private int pid;

    /// <summary>Starts the daemon anew; it dies before its plain step number <paramref name="step"/>, the first being 1.</summary>
    internal Task ArmAsync(int step, CancellationToken cancel) =>
        RestartAsync(string.Create(CultureInfo.InvariantCulture, $"debug-abort-at-step = {step}"), cancel);

    /// <summary>Starts the daemon anew; it lives on.</summary>
    internal Task DisarmAsync(CancellationToken cancel) => RestartAsync("", cancel);

    /// <summary>Whether it died since it was armed; if so, after it is there again.</summary>
    internal async Task<bool> DiedAsync(CancellationToken cancel)
    {
        if (host.Xenopsd.Running && host.Xenopsd.Pid == pid)
        {
            return false;
        }

        await host.Xenopsd.WaitForRestartAsync(pid, cancel);
        return true;
    }

    private async Task RestartAsync(string line, CancellationToken cancel)
    {
        await host.Xenopsd.HoldDeadAsync();
        var lines = await File.ReadAllLinesAsync(file, cancel);
        await File.WriteAllLinesAsync(file, [.. lines, line], cancel);
        await host.Xenopsd.StartAsync(cancel);
        pid = host.Xenopsd.Pid;
        // It has read the file; the next life finds it as it was.
        await File.WriteAllLinesAsync(file, lines, cancel);
    }
}

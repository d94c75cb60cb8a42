using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;

namespace Toolstack.Xapi.Hosts;

/// <summary>What a script wrote and how it ended.</summary>
internal sealed record ScriptOutcome(int Status, string Output, string Errors);

/// <summary>Runs the scripts that administrators put into a directory: plug-ins and extensions. A name is that of a file in it, and nothing else.
/// Bounded: how long it runs, how much it writes, how many run.</summary>
internal sealed class ScriptRunner(string pluginDirectory, string extensionDirectory) : IDisposable
{
    private const int MaxRunning = 16;
    private const int MaxOutput = 16 * 1024 * 1024;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(30);

    private readonly SemaphoreSlim places = new(MaxRunning);

    /// <summary>The path of a plug-in, or null.</summary>
    internal string? Plugin(string name) => Find(pluginDirectory, name);

    /// <summary>The path of an extension, or null.</summary>
    internal string? Extension(string name) => Find(extensionDirectory, name);

    /// <summary>Raises XENAPI_PLUGIN_FAILURE [status; stdout; stderr] when it cannot be started or passes a bound.</summary>
    internal async Task<ScriptOutcome> RunAsync(string path, IReadOnlyList<string> arguments, string input, CancellationToken cancel)
    {
        await places.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(Deadline);
            return await StartAsync(path, arguments, input, limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or IOException
            || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new XenApiError("XENAPI_PLUGIN_FAILURE", "non-zero exit", "", error.Message);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>Runs an extension for a call that names it. Raises what it answers.</summary>
    internal async Task<Value> RunExtensionAsync(string path, string method, ImmutableArray<Value> parameters, CancellationToken cancel)
    {
        var document = new ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(document, method, parameters.AsSpan());
        return Answer(await RunAsync(path, ["--xmlrpc"], Encoding.UTF8.GetString(document.WrittenSpan), cancel).ConfigureAwait(false));
    }

    /// <summary>The result in a script's XML-RPC answer. Raises what it says that failed, and XENAPI_PLUGIN_FAILURE.</summary>
    internal static Value Answer(ScriptOutcome outcome)
    {
        if (outcome.Status != 0)
        {
            throw Failure(outcome);
        }

        try
        {
            return XmlRpcEnvelope.ParseResponse(Encoding.UTF8.GetBytes(outcome.Output));
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            throw new XenApiError("XENAPI_PLUGIN_FAILURE", "bad answer", outcome.Output, error.Message);
        }
    }

    public void Dispose() => places.Dispose();

    internal static XenApiError Failure(ScriptOutcome outcome) =>
        new("XENAPI_PLUGIN_FAILURE", outcome.Status.ToString(CultureInfo.InvariantCulture), outcome.Output, outcome.Errors);

    private static string? Find(string directory, string name)
    {
        if (name.Length is 0 or > 255 || name[0] == '.' || name.AsSpan().IndexOfAny('/', '\0') >= 0)
        {
            return null;
        }

        string path = Path.Combine(directory, name);
        return File.Exists(path) ? path : null;
    }

    private static async Task<ScriptOutcome> StartAsync(string path, IReadOnlyList<string> arguments, string input, CancellationToken cancel)
    {
        var info = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        using Process script = Process.Start(info) ?? throw new IOException($"{path} did not start");
        try
        {
            Task<string> output = ReadAsync(script.StandardOutput, cancel);
            Task<string> errors = ReadAsync(script.StandardError, cancel);
            await FeedAsync(script, input, cancel).ConfigureAwait(false);
            await Task.WhenAll(output, errors).ConfigureAwait(false);
            await script.WaitForExitAsync(cancel).ConfigureAwait(false);
            return new ScriptOutcome(script.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
        }
        catch
        {
            script.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task FeedAsync(Process script, string input, CancellationToken cancel)
    {
        try
        {
            await script.StandardInput.WriteAsync(input.AsMemory(), cancel).ConfigureAwait(false);
            script.StandardInput.Close();
        }
        catch (IOException)
        {
            // A script need not read what it is told.
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancel)
    {
        var text = new StringBuilder();
        char[] chunk = new char[8192];
        while (await reader.ReadAsync(chunk, cancel).ConfigureAwait(false) is > 0 and int count)
        {
            text.Append(chunk, 0, count);
            if (text.Length > MaxOutput)
            {
                throw new IOException($"more output than {nameof(MaxOutput)} ({MaxOutput})");
            }
        }

        return text.ToString();
    }
}

using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.Devices;

/// <summary>One guest's console while xenconsoled has it: lines of the guest go through the ring in its own memory to a file.</summary>
internal sealed class GuestConsole : IDisposable
{
    private readonly Lock gate = new();
    private readonly SimulatedDomain domain;
    private readonly string path;
    private readonly ILogger logger;
    private bool failed;

    internal GuestConsole(SimulatedDomain domain, string path, ILogger logger)
    {
        (this.domain, this.path, this.logger) = (domain, path, logger);
        domain.Console.Written += OnWritten;
    }

    internal SimulatedDomain Domain => domain;

    public void Dispose()
    {
        domain.Console.Written -= OnWritten;
        File.Delete(path);
    }

    /// <summary>On the guest's thread: the call of its driver, the event channel, and what xenconsoled does then. A guest that has gone
    /// meanwhile says nothing.</summary>
    private void OnWritten(string line)
    {
        lock (gate)
        {
            var text = Encoding.UTF8.GetBytes(line);
            for (var sent = 0; sent < text.Length;)
            {
                byte[] drained = [];
                if (!domain.WithConsolePage(page =>
                {
                    sent += ConsoleRing.Write(page, text.AsSpan(sent));
                    drained = ConsoleRing.Drain(page);
                }))
                {
                    return;
                }

                Append(drained);
            }
        }
    }

    private void Append(byte[] text)
    {
        if (failed)
        {
            return;
        }

        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > DeviceLimits.ConsoleFileBytes })
            {
                File.Delete(path);
            }

            File.AppendAllBytes(path, text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failed = true;
            Log.DeviceFailed(logger, path, error.Message);
        }
    }
}

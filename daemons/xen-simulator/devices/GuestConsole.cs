using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.Devices;

/// <summary>One guest's console while xenconsoled has it: lines of the guest go through the ring in its own memory to a file.</summary>
internal sealed class GuestConsole : IDisposable
{
    private readonly Lock gate = new();
    private readonly SimulatedDomain domain;
    private readonly ConsoleFiles files;
    private readonly ConsoleFile file;
    private readonly ILogger logger;
    private bool closed;

    internal GuestConsole(SimulatedDomain domain, ConsoleFiles files, ILogger logger)
    {
        (this.domain, this.files, this.logger) = (domain, files, logger);
        file = files.Take();
        domain.Console.Written += OnWritten;
    }

    internal SimulatedDomain Domain => domain;

    internal string Path => file.Path;

    public void Dispose()
    {
        domain.Console.Written -= OnWritten;
        lock (gate)
        {
            closed = true;
        }

        files.GiveBack(file);
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
        if (closed)
        {
            return;
        }

        try
        {
            file.Append(text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            closed = true;
            Log.DeviceFailed(logger, Path, error.Message);
        }
    }
}

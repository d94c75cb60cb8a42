using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>What the main of a daemon gets from <see cref="Daemon.RunAsync"/>.</summary>
public sealed class DaemonContext
{
    private readonly Action ready;

    internal DaemonContext(Configuration configuration, ILoggerFactory logs, string version, Action ready, CancellationToken stopping)
    {
        Configuration = configuration;
        Logs = logs;
        Version = version;
        Stopping = stopping;
        this.ready = ready;
    }

    /// <summary>The values of the daemon's keys.</summary>
    public Configuration Configuration { get; }

    /// <summary>Loggers writing one line per event to the journal or stderr.</summary>
    public ILoggerFactory Logs { get; }

    /// <summary>Cancelled by SIGTERM or SIGINT; main is to return soon after (<see cref="HostingLimits.StopDeadline"/>).</summary>
    public CancellationToken Stopping { get; }

    /// <summary>The version of the toolstack, as <c>--version</c> prints it.</summary>
    public string Version { get; }

    /// <summary>Tells the service manager that the daemon serves; to be called once, when its sockets listen.</summary>
    public void Ready() => ready();
}

using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>What the main of a daemon gets from <see cref="Daemon.RunAsync"/>.</summary>
public sealed class DaemonContext
{
    private readonly Action ready;
    private readonly DaemonLoggers logs;
    private readonly ActivatedSockets sockets;

    internal DaemonContext(
        Configuration configuration, DaemonLoggers logs, Metrics metrics, ActivatedSockets sockets, string version, Action ready, CancellationToken stopping)
    {
        Configuration = configuration;
        this.logs = logs;
        this.sockets = sockets;
        Metrics = metrics;
        Version = version;
        Stopping = stopping;
        this.ready = ready;
    }

    /// <summary>The values of the daemon's keys.</summary>
    public Configuration Configuration { get; }

    /// <summary>Loggers writing one line per event to the journal or stderr.</summary>
    public ILoggerFactory Logs => logs;

    /// <summary>What the daemon shows to Prometheus.</summary>
    public Metrics Metrics { get; }

    /// <summary>Cancelled by SIGTERM or SIGINT; main is to return soon after (<see cref="HostingLimits.StopDeadline"/>).</summary>
    public CancellationToken Stopping { get; }

    /// <summary>The version of the toolstack, as <c>--version</c> prints it.</summary>
    public string Version { get; }

    /// <summary>The listening socket of that name which the service manager made (FileDescriptorName), now the caller's, whose path is not
    /// his to remove; null when there is none.</summary>
    public Socket? TakeSocket(string name) => sockets.Take(name);

    /// <summary>Names the host that log lines are about unless they name another: its uuid.</summary>
    public void SetLogHost(string uuid) => logs.Host = uuid;

    /// <summary>Tells the service manager that the daemon serves; to be called once, when its sockets listen.</summary>
    public void Ready() => ready();
}

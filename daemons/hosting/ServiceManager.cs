using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;

namespace Toolstack.Hosting;

/// <summary>The service manager's side of a daemon's life (sd_notify): readiness, stopping, watchdog. Does nothing at all when the
/// daemon was not started by one.</summary>
internal sealed class ServiceManager : IDisposable
{
    private readonly SystemdNotifier? notifier;
    private readonly Timer? watchdog;

    internal ServiceManager()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 })
        {
            return;
        }

        notifier = new SystemdNotifier();
        var period = WatchdogPeriod(
            Environment.GetEnvironmentVariable("WATCHDOG_USEC"), Environment.GetEnvironmentVariable("WATCHDOG_PID"), Environment.ProcessId);
        if (period is { } every)
        {
            watchdog = new Timer(_ => notifier.Notify(new ServiceState("WATCHDOG=1")), null, every, every);
        }
    }

    internal void Ready() => notifier?.Notify(ServiceState.Ready);

    internal void Stopping() => notifier?.Notify(ServiceState.Stopping);

    /// <summary>Half of WATCHDOG_USEC (microseconds), or null when no watchdog is asked of this process.</summary>
    internal static TimeSpan? WatchdogPeriod(string? microseconds, string? pid, int ownPid)
    {
        var mine = string.IsNullOrEmpty(pid) || pid == ownPid.ToString(CultureInfo.InvariantCulture);
        return mine && long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var usec)
            && usec is > 0 and < (long)uint.MaxValue * 1000
            ? TimeSpan.FromMicroseconds(Math.Max(usec / 2, 1000))
            : null;
    }

    public void Dispose() => watchdog?.Dispose();
}

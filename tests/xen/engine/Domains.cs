using System.Diagnostics;
using Toolstack.Xenopsd.Backends.Xen;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>
/// Sees when domains suspend and when they run, whoever makes them do so, on a thread of its own: what one toolstack does to a guest is measured
/// as what the other does. Times are of <see cref="Stopwatch"/>, in seconds, which in the first domain is the time of /proc/uptime, too.
/// </summary>
internal sealed class Domains : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly Lock gate = new();
    private readonly Dictionary<int, double> suspended = [];
    private readonly Dictionary<int, double> running = [];
    private readonly XenHypervisor xen = XenHypervisor.Open("");
    private readonly Thread thread;
    private volatile bool ended;

    public Domains()
    {
        thread = new Thread(Look) { IsBackground = true, Name = "domains" };
        thread.Start();
    }

    /// <summary>Seconds since the machine began.</summary>
    public static double Now => (double)Stopwatch.GetTimestamp() / Stopwatch.Frequency;

    /// <summary>When it was first seen suspended. Raises IOException when it never was.</summary>
    public double SuspendedAt(int domid) => At(suspended, domid, "suspended");

    /// <summary>When it was first seen running.</summary>
    public double RunningAt(int domid) => At(running, domid, "ran");

    /// <summary>The domain that was made last.</summary>
    public int Newest() => xen.Domains()[^1].Domid;

    public async ValueTask DisposeAsync()
    {
        ended = true;
        thread.Join();
        await xen.DisposeAsync();
    }

    private double At(Dictionary<int, double> times, int domid, string what)
    {
        // The next look tells of what has happened by now.
        for (var attempt = 0; attempt < 100; attempt++)
        {
            lock (gate)
            {
                if (times.TryGetValue(domid, out var time))
                {
                    return time;
                }
            }

            Thread.Sleep(Pause);
        }

        throw new IOException($"domain {domid} never {what}");
    }

    private void Look()
    {
        while (!ended)
        {
            var now = Now;
            foreach (var domain in xen.Domains())
            {
                lock (gate)
                {
                    if (domain is { ShutdownCode: 2 })
                    {
                        suspended.TryAdd(domain.Domid, now);
                    }
                    else if (domain is { ShutdownCode: null, Paused: false, Dying: false })
                    {
                        running.TryAdd(domain.Domid, now);
                    }
                }
            }

            Thread.Sleep(Pause);
        }
    }
}

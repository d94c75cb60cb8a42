using System.Diagnostics;

namespace Toolstack.XenSimulator.Guest;

/// <summary>
/// One vCPU: runs the guest program in bursts when its worker comes by. Its gate is held for a whole burst, so whoever stops it
/// finds it between two steps: a paused or suspended guest is always consistent. A stopped vCPU costs nothing: it is in no queue.
/// </summary>
internal sealed class SimulatedVcpu(GuestSlice slice, VcpuScheduler scheduler)
{
    private readonly Lock gate = new();
    private VcpuWorker? worker;
    private bool running;
    private int ticket;
    private long lastRun;
    private double debt;
    private long busyTicks;

    /// <summary>The program; touch it only while the vCPU is stopped.</summary>
    public GuestSlice Slice { get; } = slice;

    /// <summary>Time it has spent in its bursts.</summary>
    public TimeSpan CpuTime => Stopwatch.GetElapsedTime(0, Volatile.Read(ref busyTicks));

    /// <summary>Stops at a step boundary before it returns, or lets the guest go on.</summary>
    public void SetRunning(bool run)
    {
        lock (gate)
        {
            if (run == running)
            {
                return;
            }

            running = run;
            if (!run)
            {
                // The guest knows when it last ran, so that the pause it sees begins here.
                Slice.Tick(Interval());
                return;
            }

            Slice.GoOn();
            lastRun = Stopwatch.GetTimestamp();
            debt = 0;
            worker = scheduler.WorkerFor(this, worker);
            worker.Add(this, ++ticket, lastRun);
        }
    }

    /// <summary>Whether it is to have a thread to itself.</summary>
    public bool WantsThread => Slice.Measures || Slice.DirtyRate >= GuestLimits.DedicatedDirtyRate;

    /// <summary>Stops for good and gives its thread back; the memory may go afterwards.</summary>
    public void End()
    {
        lock (gate)
        {
            running = false;
            scheduler.Release(worker);
            worker = null;
        }
    }

    /// <summary>One burst, on a worker's thread; false when it has stopped since it was queued (it may be queued anew elsewhere).</summary>
    public bool Run(int asQueued, out long due)
    {
        lock (gate)
        {
            due = 0;
            if (!running || asQueued != ticket)
            {
                return false;
            }

            var start = Stopwatch.GetTimestamp();
            var interval = Interval();
            Slice.Run(Stopwatch.GetElapsedTime(lastRun, start), ref debt);
            Slice.Tick(interval);
            lastRun = start;
            due = start + (long)(interval.TotalSeconds * Stopwatch.Frequency);
            Volatile.Write(ref busyTicks, busyTicks + Stopwatch.GetTimestamp() - start);
            return true;
        }
    }

    private TimeSpan Interval()
    {
        var rate = Slice.DirtyRate;
        if (Slice.Measures || rate * GuestLimits.BurstInterval.TotalSeconds >= 1)
        {
            return GuestLimits.BurstInterval;
        }

        return rate == 0 ? GuestLimits.IdleInterval : TimeSpan.FromSeconds(Math.Min(1.0 / rate, GuestLimits.IdleInterval.TotalSeconds));
    }
}

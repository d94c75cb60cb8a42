using System.Diagnostics;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// A thread that runs the guest program in bursts. Its gate is held for a whole burst, so whoever stops it finds it between two
/// steps: a paused or suspended guest is always consistent.
/// </summary>
internal sealed class SimulatedVcpu
{
    private const int StackBytes = 256 << 10;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private bool _running;
    private bool _ended;

    public SimulatedVcpu(string name, GuestSlice slice)
    {
        Slice = slice;
        _thread = new Thread(Loop, StackBytes) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>The program; touch it only while the vCPU is stopped.</summary>
    public GuestSlice Slice { get; }

    /// <summary>Stops at a step boundary before it returns, or lets the guest go on.</summary>
    public void SetRunning(bool running)
    {
        lock (_gate)
        {
            _running = running;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends the thread; the memory may go afterwards.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _running = false;
            _ended = true;
            Monitor.PulseAll(_gate);
        }

        if (!_thread.Join(SimulatorLimits.StopTimeout))
        {
            throw new InvalidOperationException($"{_thread.Name} does not stop");
        }
    }

    private void Loop()
    {
        var debt = 0.0;
        lock (_gate)
        {
            while (!_ended)
            {
                if (!_running)
                {
                    Monitor.Wait(_gate);
                    debt = 0;
                    continue;
                }

                var start = Stopwatch.GetTimestamp();
                Slice.Tick();
                // Waiting gives the gate up: a stop comes through here, between two bursts.
                Monitor.Wait(_gate, SimulatorLimits.BurstInterval);
                if (_running)
                {
                    Slice.Run(Stopwatch.GetElapsedTime(start), ref debt);
                }
            }
        }
    }
}

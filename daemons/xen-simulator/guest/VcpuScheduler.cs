namespace Toolstack.XenSimulator.Guest;

/// <summary>
/// Gives vCPUs to threads: the many that do little share one thread for each CPU of this machine; one that writes fast or measures
/// pauses gets its own, up to <see cref="GuestLimits.MaxDedicatedThreads"/>.
/// </summary>
internal sealed class VcpuScheduler : IDisposable
{
    private readonly Lock sync = new();
    private readonly VcpuWorker[] shared = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(i => new VcpuWorker($"vcpus{i}", dedicated: false))];
    private readonly HashSet<VcpuWorker> dedicated = [];
    private int next;

    /// <summary>The thread for a vCPU that starts to run; <paramref name="present"/> is the one it had.</summary>
    public VcpuWorker WorkerFor(SimulatedVcpu vcpu, VcpuWorker? present)
    {
        lock (sync)
        {
            var wants = vcpu.WantsThread;
            if (present is not null && present.Dedicated == wants)
            {
                return present;
            }

            if (wants && dedicated.Count < GuestLimits.MaxDedicatedThreads)
            {
                var own = new VcpuWorker("vcpu", dedicated: true);
                dedicated.Add(own);
                return own;
            }

            ReleaseLocked(present);
            return present is { Dedicated: false } ? present : shared[next++ % shared.Length];
        }
    }

    /// <summary>The vCPU of that thread has ended.</summary>
    public void Release(VcpuWorker? worker)
    {
        lock (sync)
        {
            ReleaseLocked(worker);
        }
    }

    public void Dispose()
    {
        lock (sync)
        {
            foreach (var worker in (VcpuWorker[])[.. shared, .. dedicated])
            {
                worker.Stop();
            }

            dedicated.Clear();
        }
    }

    private void ReleaseLocked(VcpuWorker? worker)
    {
        if (worker is not null && dedicated.Remove(worker))
        {
            worker.Stop();
        }
    }
}

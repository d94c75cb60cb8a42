using System.Diagnostics;

namespace Toolstack.XenSimulator.Guest;

/// <summary>A thread that runs vCPUs, each when it is due. It sleeps while none is.</summary>
internal sealed class VcpuWorker
{
    private const int StackBytes = 256 << 10;
    private readonly object sync = new();
    private readonly PriorityQueue<(SimulatedVcpu Vcpu, int Ticket), long> queue = new();
    private bool ended;

    public VcpuWorker(string name, bool dedicated)
    {
        Dedicated = dedicated;
        new Thread(Loop, StackBytes) { Name = name, IsBackground = true }.Start();
    }

    public bool Dedicated { get; }

    /// <summary>Puts a vCPU in the queue, to be run at <paramref name="due"/> (a time stamp of Stopwatch); the ticket tells whether it
    /// still wants to be when its turn comes.</summary>
    public void Add(SimulatedVcpu vcpu, int ticket, long due)
    {
        lock (sync)
        {
            queue.Enqueue((vcpu, ticket), due);
            Monitor.Pulse(sync);
        }
    }

    /// <summary>The thread ends once its burst is over; vCPUs still in its queue run no more.</summary>
    public void Stop()
    {
        lock (sync)
        {
            ended = true;
            Monitor.Pulse(sync);
        }
    }

    private void Loop()
    {
        while (Next() is var (vcpu, ticket))
        {
            if (vcpu.Run(ticket, out var due))
            {
                Add(vcpu, ticket, due);
            }
        }
    }

    /// <summary>Waits for the first vCPU to be due; null at the end.</summary>
    private (SimulatedVcpu Vcpu, int Ticket)? Next()
    {
        lock (sync)
        {
            while (!ended)
            {
                if (!queue.TryPeek(out _, out var due))
                {
                    Monitor.Wait(sync);
                    continue;
                }

                var early = due - Stopwatch.GetTimestamp();
                if (early <= 0)
                {
                    return queue.Dequeue();
                }

                Monitor.Wait(sync, TimeSpan.FromMilliseconds(Math.Max(1, early * 1000.0 / Stopwatch.Frequency)));
            }

            return null;
        }
    }
}

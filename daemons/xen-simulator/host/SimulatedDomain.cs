using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Guest;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Host;

/// <summary>
/// One domain as the hypervisor keeps it. Made empty and paused once; its guest runs when it is built, its pause count is zero and
/// it is not shut down. Every change of state happens under one lock; <see cref="StateChanged"/> is raised after it.
/// </summary>
internal sealed class SimulatedDomain : IDisposable
{
    private readonly Lock sync = new();
    private readonly Lock memoryGate = new(); // inside every other lock: counting must not wait for a guest
    private readonly VcpuScheduler scheduler;
    private readonly SpareMemory spares;
    private readonly List<SimulatedVcpu> vcpus = [];
    private readonly GraphicsShares graphics = new();
    private GuestMemory? memory;
    private bool built;
    private bool dying;
    private int pauses = 1;
    private ShutdownCode? shutdown;
    private bool asleep;
    private long pages;
    private int ports;
    private long incarnation;
    private TaskCompletionSource changed = NewSignal();

    public SimulatedDomain(int domid, NewDomainInfo config, VcpuScheduler scheduler, SpareMemory spares)
    {
        Domid = domid;
        Handle = Guid.Parse(config.handle);
        MaxVcpus = (int)config.max_vcpus;
        AddressSpaceBytes = config.memory_max;
        Settings = new GuestSettings(config.platform);
        (this.scheduler, this.spares) = (scheduler, spares);
    }

    /// <summary>Raised after the domain began to run, stopped, was shut down, resumed or ended.</summary>
    public event Action<SimulatedDomain>? StateChanged;

    public int Domid { get; }

    public Guid Handle { get; set; }

    public int MaxVcpus { get; }

    /// <summary>What the frames of its guest span, whatever it has of them now; 0 when its maker did not say.</summary>
    public long AddressSpaceBytes { get; }

    public GuestSettings Settings { get; }

    public ConsoleText Console { get; } = new();

    public long MaxMemoryBytes { get; set; }

    public long PagingPoolBytes { get; set; }

    /// <summary>Null until the domain is built or restored.</summary>
    public RingFrames? Rings { get; private set; }

    /// <summary>How often the guest has been moved or restored; 0 for one that was booted here.</summary>
    public long Incarnation => incarnation;

    public int StorePort { get; private set; }

    public ShutdownCode? Shutdown => shutdown;

    public bool Dying => dying;

    public bool Running => built && !dying && pauses == 0 && shutdown is null && !asleep;

    /// <summary>Suspended to its own memory (ACPI S3).</summary>
    public bool Asleep => asleep;

    /// <summary>How often it was reset softly: its guest is another each time.</summary>
    public int Resets { get; private set; }

    /// <summary>Frames the domain has: what it was given, and while it is being restored what has been written.</summary>
    public long Pages
    {
        get
        {
            lock (memoryGate)
            {
                return built ? pages : Math.Max(pages, memory?.PopulatedPages ?? 0);
            }
        }
    }

    /// <summary>What it takes of the host's memory.</summary>
    public long HeldBytes => (Pages * GuestMemory.PageSize) + PagingPoolBytes;

    public GuestMemory Memory => memory ?? throw new HypercallError(LibC.EINVAL, $"domain {Domid} has no memory yet");

    public DomainInfo Describe()
    {
        lock (sync)
        {
            return new DomainInfo
            {
                domid = Domid,
                handle = Handle.ToString(),
                paused = pauses > 0,
                dying = dying,
                shutdown_code = (long?)shutdown,
                memory = Pages * GuestMemory.PageSize,
                max_memory = MaxMemoryBytes,
                vcpus = built ? vcpus.Count : 0,
                cpu_time_ns = (long)vcpus.Sum(v => v.CpuTime.TotalNanoseconds),
            };
        }
    }

    public int AllocatePort()
    {
        lock (sync)
        {
            return ports < HostLimits.MaxPorts ? ++ports : throw new HypercallError(LibC.ENOSPC, "no port is free");
        }
    }

    /// <summary>Gives the domain an address space; EINVAL when it has one. What is to be written by others is <paramref name="fresh"/>: of that it is asked
    /// how much it is.</summary>
    public void GiveMemory(long addressSpacePages, bool fresh)
    {
        lock (sync)
        {
            RequireAlive();
            if (memory is not null)
            {
                throw new HypercallError(LibC.EINVAL, $"domain {Domid} has memory already");
            }

            if (addressSpacePages is <= 0 or > HostLimits.MaxGuestPages)
            {
                throw new HypercallError(LibC.ENOMEM, $"domain {Domid}: {addressSpacePages} frames");
            }

            memory = new GuestMemory($"domain-{Domid}", addressSpacePages, fresh ? null : spares);
        }
    }

    /// <summary>Starts a guest on slices that are in memory; its vCPUs run once nothing stops them.</summary>
    public void StartGuest(IReadOnlyList<GuestSlice> slices, RingFrames rings, int storePort, long itsIncarnation)
    {
        lock (sync)
        {
            RequireAlive();
            if (built)
            {
                throw new HypercallError(LibC.EINVAL, $"domain {Domid} is built already");
            }

            foreach (var slice in slices)
            {
                vcpus.Add(new SimulatedVcpu(slice, scheduler));
            }

            (Rings, StorePort, incarnation, built) = (rings, storePort, itsIncarnation, true);
            Apply();
        }

        StateChanged?.Invoke(this);
    }

    public void Pause() => Change(() => pauses++);

    public void Unpause() => Change(() =>
    {
        if (pauses == 0)
        {
            throw new HypercallError(LibC.EINVAL, $"domain {Domid} is not paused");
        }

        if (graphics.Waiting)
        {
            throw new HypercallError(LibC.EINVAL, $"domain {Domid} has a graphics card without a state");
        }

        pauses--;
    });

    /// <summary>Stops the domain for a reason; nothing when it has stopped already, as in Xen.</summary>
    public void ShutDown(ShutdownCode code) => Change(() => shutdown ??= code);

    /// <summary>The guest stops itself: nothing happens when it does not run any more, or has gone.</summary>
    public void TryShutDown(ShutdownCode code)
    {
        lock (sync)
        {
            if (!Running)
            {
                return;
            }

            shutdown = code;
            Apply();
        }

        StateChanged?.Invoke(this);
    }

    /// <summary>The guest puts itself to sleep; nothing when it does not run any more.</summary>
    public void TrySleep()
    {
        lock (sync)
        {
            if (!Running)
            {
                return;
            }

            asleep = true;
            Apply();
        }
    }

    /// <summary>Nothing for a guest that is awake.</summary>
    public void Wake() => Change(() => asleep = false);

    /// <summary>Event channels go, memory stays; EINVAL for a domain that did not ask for it.</summary>
    public void SoftReset() => Change(() =>
    {
        if (shutdown != ShutdownCode.SoftReset)
        {
            throw new HypercallError(LibC.EINVAL, $"domain {Domid} did not ask for a soft reset");
        }

        (shutdown, ports) = (null, 0);
        Resets++;
    });

    public void Resume() => Change(() =>
    {
        if (shutdown != ShutdownCode.Suspend)
        {
            throw new HypercallError(LibC.EINVAL, $"domain {Domid} is not suspended");
        }

        shutdown = null;
    });

    public void StartVgpu(string device, bool saved) => Change(() => graphics.Start(device, saved));

    public void RestoreVgpu(VgpuInfo vgpu) => Change(() => graphics.Restore(vgpu));

    /// <summary>The domain's shares of graphics cards, with their states.</summary>
    public ImmutableArray<VgpuInfo> Vgpus()
    {
        lock (sync)
        {
            return graphics.List();
        }
    }

    /// <summary>From now on it only waits to be removed, which is what is told. ESRCH when it does so already.</summary>
    public void BeginToDie()
    {
        lock (sync)
        {
            RequireAlive();
            dying = true;
            Apply();
        }
    }

    /// <summary>Waits until nothing stops the guest: what it does of its own accord comes after this.</summary>
    public async Task UntilRunningAsync(CancellationToken cancel)
    {
        while (true)
        {
            Task next;
            lock (sync)
            {
                if (Running)
                {
                    return;
                }

                next = changed.Task;
            }

            await next.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    public GuestContext GetContext()
    {
        lock (sync)
        {
            RequireBuilt();
            return shutdown == ShutdownCode.Suspend
                ? new GuestContext
                {
                    vcpus = [.. vcpus.Select(v => VcpuContext.Write(v.Slice))],
                    pages = pages,
                    rings = Rings!,
                    nanoseconds = (long)System.Diagnostics.Stopwatch.GetElapsedTime(0).TotalNanoseconds,
                    incarnation = incarnation,
                }
                : throw new HypercallError(LibC.EBUSY, $"domain {Domid} is not suspended");
        }
    }

    /// <summary>Does something to every slice while none of them moves. The guest does not count it as a pause.</summary>
    public T WithSlices<T>(Func<IReadOnlyList<GuestSlice>, T> action)
    {
        lock (sync)
        {
            RequireBuilt();
            var running = Running;
            vcpus.ForEach(v => v.SetRunning(false));
            var slices = vcpus.ConvertAll(v => v.Slice);
            try
            {
                return action(slices);
            }
            finally
            {
                if (running)
                {
                    slices.ForEach(s => s.SkipTime());
                    vcpus.ForEach(v => v.SetRunning(true));
                }
            }
        }
    }

    /// <summary>Something done to the bytes of one frame.</summary>
    public delegate void PageAction(Span<byte> page);

    /// <summary>Changes the page of the console's ring while the domain's memory stays; false when there is none, or no more.</summary>
    public bool WithConsolePage(PageAction action)
    {
        lock (memoryGate)
        {
            if (!built || memory is null || Rings is null)
            {
                return false;
            }

            action(MemoryMarshal.AsBytes(memory.Words(Rings.console)));
            memory.MarkDirty(Rings.console);
            return true;
        }
    }

    /// <summary>Sets how many frames the domain has, once the host has agreed.</summary>
    public void SetPages(long count)
    {
        lock (memoryGate)
        {
            pages = count;
        }
    }

    public void Dispose()
    {
        lock (sync)
        {
            dying = true;
            vcpus.ForEach(v => v.End());
            vcpus.Clear();
            lock (memoryGate)
            {
                built = false;
                pages = 0;
                memory?.Dispose();
                memory = null;
            }
        }
    }

    private void Change(Action change)
    {
        lock (sync)
        {
            RequireAlive();
            change();
            Apply();
        }

        StateChanged?.Invoke(this);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Apply()
    {
        changed.SetResult();
        changed = NewSignal();
        var run = Running;
        foreach (var vcpu in vcpus)
        {
            vcpu.SetRunning(run);
        }
    }

    private void RequireAlive()
    {
        if (dying)
        {
            throw HypercallError.NoDomain(Domid);
        }
    }

    private void RequireBuilt()
    {
        RequireAlive();
        if (!built)
        {
            throw new HypercallError(LibC.EINVAL, $"domain {Domid} has no guest");
        }
    }
}

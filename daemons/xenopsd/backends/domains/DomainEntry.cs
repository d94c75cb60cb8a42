using System.Collections.Concurrent;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Backends.Domains.Watching;


namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>What the backend knows of one domain without asking: what it was made with, and the few nodes of its tree that are read
/// often, kept up to date by its watch. Memory in KiB.</summary>
internal sealed class DomainEntry(string vmId, int domid, GuestKind kind)
{
    private readonly Lock gate = new();
    private TaskCompletionSource changed = NewSignal();
    private Guid handle = Guid.TryParseExact(vmId, "D", out var given) ? given : Guid.Empty;
    private Guid? nextHandle;

    /// <summary>Changes when the VM is renamed.</summary>
    public string VmId { get; set; } = vmId;

    public int Domid { get; } = domid;

    public GuestKind Kind { get; } = kind;

    /// <summary>The handle its domain carries. Domids come round, and begin anew with the machine: a domain of the same domid and
    /// another handle is somebody else's.</summary>
    public Guid Handle
    {
        get => handle;
        set => (handle, nextHandle) = (value, null);
    }

    /// <summary>What it was made with; null for a domain that was there when the daemon started.</summary>
    public DomainConfig? Config { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    /// <summary>There is a guest in it.</summary>
    public bool Built { get; set; }

    /// <summary>It is being destroyed: it is no longer the VM's domain.</summary>
    public bool Ending { get; set; }

    /// <summary>Held by whoever destroys it; a second one waits, and finds nothing left to do.</summary>
    public SemaphoreSlim Removal { get; } = new(1, 1);

    /// <summary>All of it has been removed.</summary>
    public bool Removed { get; set; }

    /// <summary>The node of that name.</summary>
    public string? ActionRequest { get; set; }

    public long TargetKib { get; set; }

    public long DynamicMinKib { get; set; }

    public long DynamicMaxKib { get; set; }

    /// <summary>What the domain had beyond its target when its balloon was first looked at, pages of Xen's own; null before.</summary>
    public long? MemoryOffsetKib { get; set; }

    /// <summary>The guest has a balloon driver and it runs.</summary>
    public bool Balloons { get; set; }

    public bool Uncooperative { get; set; }

    /// <summary>vCPUs that are online.</summary>
    public int Vcpus { get; set; }

    public double ShadowMultiplier { get; set; } = 1.0;

    /// <summary>The shutdown code that was last seen.</summary>
    public int? SeenShutdown { get; set; }

    /// <summary>The copy of what the domain holds that is under way, with all that is done for it.</summary>
    public Task Transfer { get; set; } = Task.CompletedTask;

    /// <summary>Cancelled when the domain is destroyed.</summary>
    public CancellationTokenSource Destroyed { get; } = new();

    public DomainWatch? Watch { get; set; }

    /// <summary>A device was added, or may have been before this daemon started.</summary>
    public bool MayHaveDevices { get; set; }

    /// <summary>Names of the devices by kind and number in xenstore.</summary>
    public ConcurrentDictionary<(string Kind, int Id), string> Devices { get; } = new();

    /// <summary>Its handle is about to become another: from here on until it has, the domain may carry either.</summary>
    public void ExpectHandle(Guid next) => nextHandle = next;

    /// <summary>Whether a domain of the hypervisor is this one.</summary>
    public bool Is(XenDomain domain) => domain.Domid == Domid && (domain.Handle == handle || domain.Handle == nextHandle);

    /// <summary>What was read of the guest's own writing; null when it has to be read again.</summary>
    public DomainObservations? Observed { get; private set; }

    /// <summary>Counts the changes of what is observed. Take it before reading.</summary>
    public long ObservedRound { get; private set; }

    /// <summary>Something of what was observed has changed.</summary>
    public void ForgetObserved()
    {
        lock (gate)
        {
            ObservedRound++;
            Observed = null;
        }
    }

    /// <summary>Keeps what was read since that round, unless it changed meanwhile: what was read then may be older than the change.</summary>
    public void KeepObserved(DomainObservations seen, long round)
    {
        lock (gate)
        {
            Observed = ObservedRound == round ? seen : null;
        }
    }

    /// <summary>Completes at the next change. Take it before looking, so that no change is missed.</summary>
    public Task NextChange
    {
        get
        {
            lock (gate)
            {
                return changed.Task;
            }
        }
    }

    public void SignalChange()
    {
        TaskCompletionSource old;
        lock (gate)
        {
            old = changed;
            changed = NewSignal();
        }

        old.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Events;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends;

/// <summary>
/// The hypervisor under the domain backend: what a real toolstack does with hypercalls, and nothing that goes through xenstore.
/// Implemented by Xen itself and by the simulated host, so that everything above is one code for both. Safe for any thread; a call
/// is short unless it returns a task. Memory in bytes. Raises <see cref="Interop.Linux.HypervisorError"/>: ESRCH for an unknown
/// domain, ENOMEM when the host cannot give the memory.
/// </summary>
public interface IHypervisor : IAsyncDisposable
{
    /// <summary>The domid that a PCI device belongs to while nobody may use it (Xen: DOMID_IO).</summary>
    const int QuarantineDomid = 0x7ff1;

    /// <summary>Name for the host record, for example <c>simulator</c>.</summary>
    string Name { get; }

    /// <summary>The xenstore that belongs to this hypervisor: a Unix socket or the kernel's device.</summary>
    string XenstorePath { get; }

    XenMachine Machine();

    /// <summary>Every domain, by domid.</summary>
    IReadOnlyList<XenDomain> Domains();

    /// <summary>One domain, or null.</summary>
    XenDomain? Domain(int domid);

    /// <summary>Makes an empty domain, paused once, that has no memory yet; returns its domid.</summary>
    int Create(NewDomain domain);

    void SetHandle(int domid, Guid handle);

    /// <summary>The most memory the domain may have; not a reservation.</summary>
    void SetMaxMemory(int domid, long bytes);

    /// <summary>Memory for the page tables of a domain with nested paging.</summary>
    void SetPagingPool(int domid, long bytes);

    /// <summary>The CPUs a vCPU may run on; empty for all.</summary>
    void SetHardAffinity(int domid, int vcpu, IReadOnlyList<int> cpus);

    /// <summary>Share (default 256) and ceiling in percent of one CPU (0 for none).</summary>
    void SetScheduling(int domid, int weight, int cap);

    /// <summary>A port of the domain to which <paramref name="remoteDomid"/> may bind.</summary>
    int AllocatePort(int domid, int remoteDomid);

    /// <summary>Pauses are counted: each needs its own <see cref="Unpause"/>.</summary>
    void Pause(int domid);

    void Unpause(int domid);

    /// <summary>Stops the domain for that reason without asking the guest.</summary>
    void ShutDown(int domid, ShutdownReason reason);

    /// <summary>Tells of the domain's suspension sooner than xenstore does; null where there is no such thing.</summary>
    SuspendSignal? OpenSuspendSignal(int domid) => null;

    /// <summary>Lets a domain go on that suspended itself; the guest is told that its suspension was cancelled.</summary>
    void ResumeCooperatively(int domid);

    /// <summary>Ends the domain and frees its memory.</summary>
    Task DestroyAsync(int domid, CancellationToken cancel);

    /// <summary>Loads the guest into an empty domain. Raises XenopsError when the image cannot be loaded.</summary>
    Task<GuestRings> BuildAsync(int domid, GuestImage image, CancellationToken cancel);

    /// <summary>A running domain to be sent; <paramref name="suspend"/> asks the guest and returns once it is suspended.</summary>
    IHypervisorSource OpenSource(int domid, string vmDescription, Action suspend);

    /// <summary>An empty domain to be filled. <see cref="IHypervisorTarget.Rings"/> is known when the whole image has been read.</summary>
    IHypervisorTarget OpenTarget(int domid, int storePort, int consolePort);

    /// <summary>Gives a PCI device (<c>0000:03:00.0</c>) to a domain.</summary>
    void AssignDevice(int domid, PciAddress device);

    void DeassignDevice(int domid, PciAddress device);

    /// <summary>Gives a USB device of the host to a domain. XenopsError Unimplemented where no emulator carries it.</summary>
    void PlugUsb(int domid, Vusb device) => throw Lacks("USB devices without an emulator");

    void UnplugUsb(int domid, Vusb device) => throw Lacks("USB devices without an emulator");

    /// <summary>Starts what makes a virtual graphics card; <paramref name="saved"/>: its state comes from a suspend image. XenopsError Unimplemented
    /// where there is none.</summary>
    void StartVgpu(int domid, Vgpu card, bool saved) => throw Lacks("virtual graphics cards");

    /// <summary>Writes what the graphics cards of a suspended domain hold; what is written says itself where it ends.</summary>
    void SaveVgpus(int domid, IDataChannel io) => throw Lacks("virtual graphics cards");

    /// <summary>Reads it into cards that were started for it.</summary>
    void RestoreVgpus(int domid, IDataChannel io) => throw Lacks("virtual graphics cards");

    /// <summary>Whether <see cref="SoftReset"/> is there.</summary>
    bool CanSoftReset => false;

    /// <summary>Takes a domain that shut itself down for that back to where it has memory alone; the caller has paused it.</summary>
    void SoftReset(int domid) => throw Lacks("soft reset");

    /// <summary>The guest is suspended to its own memory (ACPI S3).</summary>
    bool IsAsleep(int domid) => throw Lacks("suspend to the guest's own memory");

    void Wake(int domid) => throw Lacks("resume from the guest's own memory");

    /// <summary>A copy of the domain that was under way ended with the process that made it: what it left on is off. Nothing when there is nothing.</summary>
    void EndLogDirty(int domid) { }

    /// <summary>The CPU features guests of a kind may have: words of Xen's featuresets, hexadecimal and joined by dashes.</summary>
    CpuFeatures Features();

    /// <summary>What Xen wrote on its console, oldest first.</summary>
    string ReadConsole();

    void SendDebugKeys(string keys);

    private XenopsError Lacks(string what) => new(new XenopsErrorValue.Unimplemented($"{Name}: {what}"));
}

/// <summary>What a domain is made from. <see cref="Pci"/> asks for an IOMMU context.</summary>
public sealed record NewDomain(
    Guid Handle, GuestKind Kind, int MaxVcpus, int MaxGrantFrames, bool NestedPaging, bool Pci, IReadOnlyDictionary<string, string> Platform)
{
    /// <summary>What the guest's frames may ever span, in bytes; 0 when that is what it may have now.</summary>
    public long MemoryMaxBytes { get; init; }
}

public enum GuestKind { Pv, Pvh, Hvm, PvInPvh }

/// <summary>What is loaded into a domain. Memory in bytes: the most it may have and what it gets now; ports as allocated for it.</summary>
public sealed record GuestImage(
    GuestKind Kind, string Kernel, string CommandLine, string? Ramdisk, long MemoryMaxBytes, long MemoryTargetBytes,
    int StorePort, int ConsolePort, int Vcpus, string? Features);

/// <summary>Frames (mfn of a PV guest, gfn of any other) through which a guest reaches xenstore and its console.</summary>
public sealed record GuestRings(ulong Store, ulong Console);

/// <summary>A domain that is being sent; disposing unmaps its memory and ends log-dirty mode.</summary>
public interface IHypervisorSource : ISaveSource, IDisposable;

/// <summary>A domain that is being filled from a suspend image; disposing unmaps its memory.</summary>
public interface IHypervisorTarget : IRestoreTarget, IDisposable
{
    GuestRings Rings { get; }
}

/// <summary>Feature words: most that guests can have (checked before a migration) and what they get when nobody asks, by kind.</summary>
public sealed record CpuFeatures(string Host, string PvMax, string HvmMax, string PvDefault, string HvmDefault);

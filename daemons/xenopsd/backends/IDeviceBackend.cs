using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Backends;

/// <summary>
/// Devices of domains and settings of running ones, as the atomics ask for them. Calls for one VM may come at the same time for
/// different devices; two calls for one device never do. Devices come with their whole record: the backend keeps none of its own.
/// Every call that undoes (<c>unplug</c>, <c>deactivate</c>, <c>detach</c>) succeeds when there is nothing to undo, also when the VM has
/// no domain. Raises XenopsError (Does_not_exist(domain, id) where a domain is needed, Device_detach_rejected, Storage_backend_error)
/// and HypervisorError.
/// </summary>
public interface IDeviceBackend
{
    /// <summary>Notes whether the device is to be connected (xenstore: <c>/vm/&lt;id&gt;/devices/&lt;kind&gt;</c>). Kind: vbd, vif or vgpu.
    /// Without a domain nothing is noted.</summary>
    Task SetActiveAsync(DynamicId device, bool active, CancellationToken cancel);

    /// <summary>Where a disk can be opened on this host. XenopsError Storage_backend_error when it is not attached.</summary>
    string PathOf(Disk disk);

    // VBDs. Attach makes the disk known to the host, activate connects it to the domain; plug is both.

    Task AttachVbdAsync(Vbd vbd, CancellationToken cancel);

    Task ActivateVbdAsync(Vbd vbd, CancellationToken cancel);

    async Task PlugVbdAsync(Vbd vbd, CancellationToken cancel)
    {
        await AttachVbdAsync(vbd, cancel).ConfigureAwait(false);
        await ActivateVbdAsync(vbd, cancel).ConfigureAwait(false);
    }

    /// <summary>Disconnects; <paramref name="force"/> does not wait for the guest. Device_detach_rejected when the guest refuses.</summary>
    Task DeactivateVbdAsync(Vbd vbd, bool force, CancellationToken cancel);

    Task DetachVbdAsync(Vbd vbd, CancellationToken cancel);

    async Task UnplugVbdAsync(Vbd vbd, bool force, CancellationToken cancel)
    {
        await DeactivateVbdAsync(vbd, force, cancel).ConfigureAwait(false);
        await DetachVbdAsync(vbd, cancel).ConfigureAwait(false);
    }

    /// <summary>A medium into a drive that is empty; Media_present otherwise.</summary>
    Task InsertVbdAsync(Vbd vbd, Disk disk, CancellationToken cancel);

    /// <summary>The medium out of its drive; nothing when it is empty.</summary>
    Task EjectVbdAsync(Vbd vbd, CancellationToken cancel);

    /// <summary>A span of a guest's life on a disk begins; what is written to a disk that is not persistent is dropped at its end.</summary>
    Task BeginEpochAsync(string vmId, Disk disk, bool persistent, CancellationToken cancel);

    Task EndEpochAsync(string vmId, Disk disk, CancellationToken cancel);

    Task SetVbdQosAsync(Vbd vbd, CancellationToken cancel);

    /// <summary>The guest is suspended and asks for nothing more: waits until its disks have everything that it wrote. Whoever reads them
    /// on another host then finds it. Raises IO_error when they do not take it.</summary>
    Task FlushDisksAsync(string vmId, CancellationToken cancel);

    Task<VbdState> GetVbdStateAsync(Vbd vbd, CancellationToken cancel);

    // VIFs. The setters get the record with the new value in it.

    Task PlugVifAsync(Vif vif, CancellationToken cancel);

    Task UnplugVifAsync(Vif vif, bool force, CancellationToken cancel);

    /// <summary>To another network. <paramref name="vif"/> names the new one already.</summary>
    Task MoveVifAsync(Vif vif, Network network, CancellationToken cancel);

    Task SetVifCarrierAsync(Vif vif, bool carrier, CancellationToken cancel);

    Task SetVifLockingModeAsync(Vif vif, CancellationToken cancel);

    Task SetVifIpv4Async(Vif vif, CancellationToken cancel);

    Task SetVifIpv6Async(Vif vif, CancellationToken cancel);

    Task SetVifPvsProxyAsync(Vif vif, CancellationToken cancel);

    Task SetVifTrunksAsync(Vif vif, CancellationToken cancel);

    Task<VifState> GetVifStateAsync(Vif vif, CancellationToken cancel);

    // PCI devices, virtual graphics cards, USB devices.

    /// <summary><paramref name="emulator"/>: the emulator is told (hot plug); otherwise it finds the device when it starts.</summary>
    Task PlugPciAsync(Pci pci, bool emulator, CancellationToken cancel);

    Task UnplugPciAsync(Pci pci, CancellationToken cancel);

    Task DequarantinePciAsync(PciAddress address, CancellationToken cancel);

    Task<PciState> GetPciStateAsync(Pci pci, CancellationToken cancel);

    /// <summary>Starts the emulators of the VM's cards; <paramref name="saved"/>: they wait for their state from a suspend image.</summary>
    Task StartVgpusAsync(string vmId, ImmutableArray<Vgpu> vgpus, bool saved, CancellationToken cancel);

    /// <summary>Writes what the cards of a suspended domain hold to a connection of its own, which stays the caller's.</summary>
    Task SaveVgpusAsync(string vmId, IDataChannel data, CancellationToken cancel);

    /// <summary>Reads it into cards that were started for it.</summary>
    Task RestoreVgpusAsync(string vmId, IDataChannel data, CancellationToken cancel);

    Task<VgpuState> GetVgpuStateAsync(Vgpu vgpu, CancellationToken cancel);

    Task PlugVusbAsync(Vusb vusb, CancellationToken cancel);

    Task UnplugVusbAsync(Vusb vusb, CancellationToken cancel);

    Task<VusbState> GetVusbStateAsync(Vusb vusb, CancellationToken cancel);

    /// <summary>What has to happen to a device that is part of a live domain (a guest let go of it, a setting is not in force).</summary>
    /// <param name="device">The device.</param>
    /// <param name="qos">What a disk is to have.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task<DeviceRequest> GetDeviceRequestAsync(DynamicId device, VbdQos? qos, CancellationToken cancel);

    // Settings and requests of the domain itself.

    Task CreateDeviceModelAsync(DomainDescription vm, bool saveState, CancellationToken cancel);

    Task DestroyDeviceModelAsync(string vmId, CancellationToken cancel);

    Task SetVcpusAsync(string vmId, int vcpus, CancellationToken cancel);

    Task SetShadowMultiplierAsync(string vmId, double multiplier, CancellationToken cancel);

    /// <summary>Bytes; the guest's target moves into the range.</summary>
    Task SetMemoryDynamicRangeAsync(string vmId, long minimum, long maximum, CancellationToken cancel);

    /// <summary>Waits until the guest's balloon rests; false when the time is over (xenops protocol: 120 s, ignored by a migration).</summary>
    Task<bool> WaitBallooningAsync(string vmId, TimeSpan timeout, CancellationToken cancel);

    /// <summary>Replaces the data for the guest; only keys under <c>vm-data/</c> and <c>FIST/</c> are written.</summary>
    Task SetXsdataAsync(string vmId, IReadOnlyDictionary<string, string> xsdata, CancellationToken cancel);

    /// <summary>Asks, of whoever looks at the domain next, that it be ended (xenstore: <c>action-request</c>); null takes the request back.
    /// A new domain carries Poweroff until its creator has finished.</summary>
    Task SetActionRequestAsync(string vmId, DomainAction? request, CancellationToken cancel);

    /// <summary>What has to happen to the domain now: how it ended, or what is asked of it. Null for nothing, and without a domain.</summary>
    Task<DomainAction?> GetActionRequestAsync(string vmId, CancellationToken cancel);

    /// <summary>The same for a domain that has just been looked at.</summary>
    Task<DomainAction?> GetActionRequestAsync(string vmId, DomainStatus domain, CancellationToken cancel);

    Task RequestRdpAsync(string vmId, bool enabled, CancellationToken cancel);

    Task S3SuspendAsync(string vmId, CancellationToken cancel);

    Task S3ResumeAsync(string vmId, CancellationToken cancel);

    /// <summary>Whether <see cref="SoftRebootAsync"/> is there.</summary>
    bool CanSoftReset { get; }

    /// <summary>The domain's kernel is replaced where it is (soft reset): the devices it has are connected anew, and it goes on.</summary>
    Task SoftRebootAsync(DomainDescription vm, CancellationToken cancel);

    /// <summary>Raises when the domain cannot be saved now (a device or its guest forbids it).</summary>
    Task AssertCanSaveAsync(string vmId, CancellationToken cancel);

    /// <summary>What is known of a live domain beyond <see cref="IBackend.GetStatus"/>.</summary>
    Task<DomainObservations> ObserveAsync(string vmId, CancellationToken cancel);

    // The host.

    Task<string> ReadConsoleAsync(CancellationToken cancel);

    Task SendDebugKeysAsync(string keys, CancellationToken cancel);

    Task UpdateGuestAgentFeaturesAsync(ImmutableArray<GuestAgentFeature> features, CancellationToken cancel);

    /// <summary>For domains made from now on; null for the default.</summary>
    Task SetNumaPolicyAsync(NumaAffinityPolicy? policy, CancellationToken cancel);
}

/// <summary>What has to happen to a domain (xenops protocol, domain action request).</summary>
public enum DomainAction { Poweroff, Reboot, Suspend, Crashdump, SoftReset }

/// <summary>What has to happen to a device (xenops protocol, device action request).</summary>
public enum DeviceRequest { None, Unplug, SetQos }

/// <summary>What is observed of a live domain, mostly in xenstore. <see cref="RtcTimeOffset"/> in seconds, as text; memory in bytes.</summary>
public sealed record DomainObservations
{
    public ImmutableArray<VmConsole> Consoles { get; init; } = [];
    public ImmutableSortedDictionary<string, string> GuestAgent { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> Xsdata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public bool UncooperativeBalloonDriver { get; init; }
    public bool PvDriversDetected { get; init; }
    public string RtcTimeOffset { get; init; } = "";
    public double ShadowMultiplier { get; init; } = 1.0;
    public bool NumaOptimised { get; init; }
    public ImmutableArray<(long Node, long Bytes)> NumaNodeMemory { get; init; } = [];

    public static DomainObservations None { get; } = new();
}

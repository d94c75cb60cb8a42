using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>VMs.</summary>
public partial interface IXenops
{
    [WireName("VM.add"), RetrySafe] Task<string> VmAdd(string debug_info, Vm vm, CancellationToken cancel);
    /// <summary>Forgets a halted or suspended VM; Bad_power_state otherwise.</summary>
    [WireName("VM.remove")] Task VmRemove(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.exists"), RetrySafe] Task<bool> VmExists(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.list"), RetrySafe] Task<ImmutableArray<(Vm vm, VmState state)>> VmList(string debug_info, CancellationToken cancel);
    [WireName("VM.stat"), RetrySafe] Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.import_metadata"), RetrySafe] Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.import_metadata_async")] Task<string> VmImportMetadataAsync(string debug_info, string metadata, CancellationToken cancel);
    [WireName("VM.export_metadata"), RetrySafe] Task<string> VmExportMetadata(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.generate_state_string"), RetrySafe] Task<string> VmGenerateStateString(string debug_info, Vm vm, CancellationToken cancel);

    /// <summary>T. The VM is paused afterwards, whatever <paramref name="paused"/> says: the wire's name hides that it means "force".</summary>
    [WireName("VM.start")] Task<string> VmStart(string debug_info, string id, bool paused, CancellationToken cancel);
    /// <summary>T. With a delay (seconds) the guest is asked and waited for; without, the domain is ended.</summary>
    [WireName("VM.shutdown")] Task<string> VmShutdown(string debug_info, string id, double? delay, CancellationToken cancel);
    /// <summary>T. As <see cref="VmShutdown"/>, and started again.</summary>
    [WireName("VM.reboot")] Task<string> VmReboot(string debug_info, string id, double? delay, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.pause")] Task<string> VmPause(string debug_info, string id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.unpause")] Task<string> VmUnpause(string debug_info, string id, CancellationToken cancel);
    /// <summary>T. Holds the VM's queue for some seconds.</summary>
    [WireName("VM.delay")] Task<string> VmDelay(string debug_info, string id, double delay, CancellationToken cancel);
    /// <summary>T. The task's result is the script's answer.</summary>
    [WireName("VM.run_script")] Task<string> VmRunScript(string debug_info, string id, string script, CancellationToken cancel);
    /// <summary>T. Writes the guest to the disk and ends its domain.</summary>
    [WireName("VM.suspend")] Task<string> VmSuspend(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel);
    /// <summary>T. Makes a domain of what the disk holds; it is paused afterwards.</summary>
    [WireName("VM.resume")] Task<string> VmResume(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel);
    /// <summary>T. Lets a suspended domain go on where it is.</summary>
    [WireName("VM.fast_resume")] Task<string> VmFastResume(string debug_info, string id, CancellationToken cancel);
    /// <summary>T. The guest sleeps; its domain stays.</summary>
    [WireName("VM.s3suspend")] Task<string> VmS3Suspend(string debug_info, string id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.s3resume")] Task<string> VmS3Resume(string debug_info, string id, CancellationToken cancel);
    /// <summary>T. The first step of a start alone: an empty domain.</summary>
    [WireName("VM.create")] Task<string> VmCreate(string debug_info, string id, CancellationToken cancel);
    /// <summary>T. Loads the guest into a domain made by <see cref="VmCreate"/>.</summary>
    [WireName("VM.build")] Task<string> VmBuild(string debug_info, string id, bool force, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.create_device_model")] Task<string> VmCreateDeviceModel(string debug_info, string id, bool save_state, CancellationToken cancel);
    /// <summary>T. Ends the domain and nothing else.</summary>
    [WireName("VM.destroy")] Task<string> VmDestroy(string debug_info, string id, CancellationToken cancel);
    /// <summary>T. Remote desktop in a Windows guest.</summary>
    [WireName("VM.request_rdp")] Task<string> VmRequestRdp(string debug_info, string id, bool enabled, CancellationToken cancel);
    /// <summary>T. Replaces the xenstore data for the guest; keys outside <c>vm-data/</c> and <c>FIST/</c> do not reach it.</summary>
    [WireName("VM.set_xsdata")] Task<string> VmSetXsdata(string debug_info, string id, ImmutableSortedDictionary<string, string> xsdata, CancellationToken cancel);
    /// <summary>T. Invalid_vcpus outside 1 to the VM's <c>vcpu_max</c>.</summary>
    [WireName("VM.set_vcpus")] Task<string> VmSetVcpus(string debug_info, string id, long vcpus, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.set_shadow_multiplier")] Task<string> VmSetShadowMultiplier(string debug_info, string id, double multiplier, CancellationToken cancel);
    /// <summary>T. Bytes.</summary>
    [WireName("VM.set_memory_dynamic_range")]
    Task<string> VmSetMemoryDynamicRange(string debug_info, string id, long minimum, long maximum, CancellationToken cancel);
    /// <summary>T. Moves the VM to the xenopsd behind <paramref name="xenops_url"/>; cancellable until the guest is suspended.</summary>
    [WireName("VM.migrate")]
    Task<string> VmMigrate(string debug_info, string id, ImmutableSortedDictionary<string, string> vdi_map, ImmutableSortedDictionary<string, Network> vif_map,
        ImmutableSortedDictionary<string, PciAddress> pci_map, string xenops_url, bool compress, bool verify_dest, bool localhost_migration, CancellationToken cancel);
}

using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>What is observed of a VM, from its record and its domain.</summary>
public static class VmStates
{
    /// <summary>Without a domain a VM is halted, or suspended when its record says that an image of it exists. It is suspended also while the domain
    /// that was saved there is being ended: the image is the VM from its completion on.</summary>
    public static PowerState PowerStateOf(VmRecord record, DomainStatus? domain) => domain switch
    {
        _ when record.Rebooting => PowerState.Running,
        null => record.Extra.persistent.suspend_memory_bytes == 0 ? PowerState.Halted : PowerState.Suspended,
        { ShutdownReason: ShutdownReason.Suspend } when record.HasImage => PowerState.Suspended,
        { Paused: true, ShutdownReason: null } => PowerState.Paused,
        _ => PowerState.Running,
    };

    /// <param name="record">The VM.</param>
    /// <param name="domain">Its domain, or null.</param>
    /// <param name="seen">What the backend knows of the domain besides.</param>
    public static VmState Of(VmRecord record, DomainStatus? domain, DomainObservations seen)
    {
        var power = PowerStateOf(record, domain);
        if (domain is null)
        {
            return new VmState { power_state = power };
        }

        var kept = record.Extra.persistent;
        return new VmState
        {
            power_state = power,
            domids = [domain.Domid],
            consoles = seen.Consoles,
            memory_target = domain.MemoryTargetBytes,
            memory_actual = domain.MemoryActualBytes,
            memory_limit = domain.MemoryLimitBytes,
            vcpu_target = domain.Vcpus,
            shadow_multiplier_target = seen.ShadowMultiplier,
            rtc_timeoffset = seen.RtcTimeOffset,
            uncooperative_balloon_driver = seen.UncooperativeBalloonDriver,
            guest_agent = seen.GuestAgent,
            xsdata_state = seen.Xsdata,
            pv_drivers_detected = seen.PvDriversDetected || kept.pv_drivers_detected,
            last_start_time = kept.last_start_time,
            hvm = record.Vm.ty is BuilderInfo.HVM,
            nomigrate = kept.nomigrate,
            nested_virt = kept.nested_virt,
            domain_type = record.Vm.ty switch
            {
                BuilderInfo.HVM => DomainType.Domain_HVM,
                BuilderInfo.PV => DomainType.Domain_PV,
                BuilderInfo.PVinPVH => DomainType.Domain_PVinPVH,
                BuilderInfo.PVH => DomainType.Domain_PVH,
                _ => DomainType.Domain_undefined,
            },
            featureset = record.Vm.platformdata.GetValueOrDefault("featureset", ""),
            numa_optimised = seen.NumaOptimised,
            numa_nodes = seen.NumaNodeMemory.Length,
            numa_node_memory = [.. seen.NumaNodeMemory.Select(static n => (n.Node, n.Bytes))],
        };
    }
}

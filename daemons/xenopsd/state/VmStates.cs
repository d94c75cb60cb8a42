using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>What is observed of a VM, from its record and its domain.</summary>
public static class VmStates
{
    /// <summary>Without a domain a VM is halted, or suspended when its record says that an image of it exists.</summary>
    public static PowerState PowerStateOf(VmRecord record, DomainStatus? domain) => domain switch
    {
        _ when record.Rebooting => PowerState.Running,
        null => record.Extra.persistent.suspend_memory_bytes == 0 ? PowerState.Halted : PowerState.Suspended,
        { Paused: true, ShutdownReason: null } => PowerState.Paused,
        _ => PowerState.Running,
    };

    public static VmState Of(VmRecord record, DomainStatus? domain)
    {
        var power = PowerStateOf(record, domain);
        if (domain is null)
        {
            return new VmState { power_state = power };
        }

        bool hvm = record.Vm.ty is BuilderInfo.HVM;
        return new VmState
        {
            power_state = power,
            domids = [domain.Domid],
            memory_target = domain.MemoryTargetBytes,
            memory_actual = domain.MemoryActualBytes,
            memory_limit = domain.MemoryLimitBytes,
            vcpu_target = domain.Vcpus,
            shadow_multiplier_target = record.Vm.ty is BuilderInfo.HVM { info.shadow_multiplier: var multiplier } ? multiplier : 1.0,
            rtc_timeoffset = record.Vm.ty is BuilderInfo.HVM { info.timeoffset: var offset } ? offset : "",
            pv_drivers_detected = record.Extra.persistent.pv_drivers_detected,
            last_start_time = record.Extra.persistent.last_start_time,
            hvm = hvm,
            nomigrate = record.Extra.persistent.nomigrate,
            nested_virt = record.Extra.persistent.nested_virt,
            domain_type = record.Vm.ty switch
            {
                BuilderInfo.HVM => DomainType.Domain_HVM,
                BuilderInfo.PV => DomainType.Domain_PV,
                BuilderInfo.PVinPVH => DomainType.Domain_PVinPVH,
                BuilderInfo.PVH => DomainType.Domain_PVH,
                _ => DomainType.Domain_undefined,
            },
            featureset = record.Vm.platformdata.GetValueOrDefault("featureset", ""),
        };
    }
}

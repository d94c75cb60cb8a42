using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>The database's fields as xenopsd's state of a VM makes them. Pure. No state (the VM is unknown to xenopsd) means halted.</summary>
internal static class VmStateMapping
{
    /// <param name="row">What the database says.</param>
    /// <param name="reference">Whose row it is.</param>
    /// <param name="state">What xenopsd says.</param>
    /// <param name="vendor">Whose CPUs the host has; null when that is not known.</param>
    /// <param name="suspendedRecord">What xenopsd keeps of a VM that is suspended for good: it then is resident nowhere.</param>
    public static VM Apply(VM row, string reference, VmState? state, string? vendor = null, string? suspendedRecord = null)
    {
        if (state is null || state.power_state == PowerState.Halted)
        {
            return VmRows.Halted(row with { ha_always_run = false }, reference);
        }

        VM updated = row with
        {
            power_state = PowerStateOf(state.power_state),
            domid = state.domids.IsEmpty ? -1 : state.domids[0],
        };
        if (suspendedRecord is not null)
        {
            updated = updated with
            {
                last_booted_record = suspendedRecord,
                resident_on = Ref<host>.Null,
                scheduled_to_be_resident_on = Ref<host>.Null,
                domid = -1,
            };
        }

        if (state.featureset.Length > 0 && state.power_state != PowerState.Suspended)
        {
            var flags = updated.last_boot_CPU_flags.SetItem("features", state.featureset);
            updated = updated with { last_boot_CPU_flags = vendor is { Length: > 0 } ? flags.SetItem("vendor", vendor) : flags };
        }

        if (state.rtc_timeoffset.Length > 0)
        {
            updated = updated with { platform = updated.platform.SetItem("timeoffset", state.rtc_timeoffset) };
        }

        return VmRows.WithAllowed(updated, reference);
    }

    public static VM_metrics Apply(VM_metrics row, VmState? state, DateTimeOffset now)
    {
        if (state is null || state.power_state == PowerState.Halted)
        {
            return row with { memory_actual = 0, VCPUs_number = 0, current_domain_type = domain_type.unspecified, last_updated = now };
        }

        DateTimeOffset started = DateTimeOffset.FromUnixTimeSeconds((long)state.last_start_time);
        return row with
        {
            memory_actual = state.memory_actual,
            VCPUs_number = state.vcpu_target,
            start_time = state.last_start_time > 0 && started > row.start_time ? started : row.start_time,
            current_domain_type = state.power_state == PowerState.Suspended ? row.current_domain_type : DomainTypeOf(state.domain_type),
            hvm = state.hvm,
            nested_virt = state.nested_virt,
            nomigrate = state.nomigrate,
            last_updated = now,
        };
    }

    public static vm_power_state PowerStateOf(PowerState state) => state switch
    {
        PowerState.Running => vm_power_state.Running,
        PowerState.Paused => vm_power_state.Paused,
        PowerState.Suspended => vm_power_state.Suspended,
        _ => vm_power_state.Halted,
    };

    private static domain_type DomainTypeOf(DomainType type) => type switch
    {
        DomainType.Domain_HVM => domain_type.hvm,
        DomainType.Domain_PV => domain_type.pv,
        DomainType.Domain_PVinPVH => domain_type.pv_in_pvh,
        DomainType.Domain_PVH => domain_type.pvh,
        _ => domain_type.unspecified,
    };
}

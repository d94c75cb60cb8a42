using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>What the rooms compute from a VM's row, and the row's changes that keep its fields consistent with each other. Pure.</summary>
internal static class VmRows
{
    /// <summary>The row with allowed_operations as its other fields make them. Every change of a field they depend on goes through here.</summary>
    public static VM WithAllowed(VM row, string reference) => row with
    {
        allowed_operations = [.. AllowedOperations.List(Facts(row, reference)).Select(vm_operationsCodec.Parse)],
    };

    /// <summary>The row after a client has set one of its fields. Raises what forbids making it a template.</summary>
    public static VM Changed(VM before, VM after, string reference)
    {
        if (after.is_a_template && !before.is_a_template)
        {
            AllowedOperations.Assert(Facts(before, reference), "make_into_template");
        }

        return WithAllowed(after, reference);
    }

    public static VmFacts Facts(VM row, string reference) => new()
    {
        Reference = reference,
        PowerState = PowerStateText(row.power_state),
        IsTemplate = row.is_a_template,
        IsDefaultTemplate = row.is_default_template,
        IsSnapshot = row.is_a_snapshot,
        IsControlDomain = row.is_control_domain,
        IsDomainZero = row.is_control_domain && row.domid == 0,
        NoMigrate = IsSet(row.platform, "nomigrate"),
        NestedVirtualisation = IsSet(row.platform, "nested-virt"),
        ParavirtualBoot = row.domain_type is domain_type.pv or domain_type.pvh or domain_type.pv_in_pvh,
        Blocked = [.. row.blocked_operations.Select(static b => KeyValuePair.Create(vm_operationsCodec.Text(b.Key), b.Value))],
        Current = [.. row.current_operations.Select(static c => KeyValuePair.Create(c.Key, vm_operationsCodec.Text(c.Value)))],
    };

    /// <summary>As VM_BAD_POWER_STATE spells it.</summary>
    public static string PowerStateText(vm_power_state state) => state switch
    {
        vm_power_state.Halted => VmOperationTable.Halted,
        vm_power_state.Paused => VmOperationTable.Paused,
        vm_power_state.Suspended => VmOperationTable.Suspended,
        _ => VmOperationTable.Running,
    };

    /// <summary>What a VM without a domain type of its own boots as: HVM if it has a boot policy, PV otherwise.</summary>
    public static domain_type EffectiveDomainType(VM row) => row.domain_type switch
    {
        domain_type.unspecified => row.HVM_boot_policy.Length > 0 ? domain_type.hvm : domain_type.pv,
        domain_type type => type,
    };

    /// <summary>The memory the VM needs when it starts: its dynamic minimum, except that a shim cannot balloon.</summary>
    public static MemoryModel Memory(VM row)
    {
        DomainKind kind = EffectiveDomainType(row) switch
        {
            domain_type.hvm => DomainKind.Hvm,
            domain_type.pvh => DomainKind.Pvh,
            domain_type.pv_in_pvh => DomainKind.PvInPvh,
            _ => DomainKind.Pv,
        };
        long target = kind == DomainKind.PvInPvh ? row.memory_static_max : row.memory_dynamic_min;
        return new MemoryModel(kind, MemoryModel.ToMiB(row.memory_static_max), MemoryModel.ToMiB(target), 0, row.VCPUs_max,
            row.HVM_shadow_multiplier);
    }

    /// <summary>The row of a VM that lives on that host from now on; the promise is used up by it.</summary>
    public static VM Residing(VM row, Ref<host> host) => row with { resident_on = host, scheduled_to_be_resident_on = Ref<host>.Null };

    /// <summary>The row of a VM that runs nowhere.</summary>
    public static VM Halted(VM row, string reference) => WithAllowed(
        row with
        {
            power_state = vm_power_state.Halted,
            resident_on = Ref<host>.Null,
            scheduled_to_be_resident_on = Ref<host>.Null,
            domid = -1,
            requires_reboot = false,
        },
        reference);

    private static bool IsSet(ImmutableSortedDictionary<string, string> map, string key) =>
        map.TryGetValue(key, out string? value) && (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase));
}

using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>
/// Decides whether an operation on a VM is valid now, and which operations its allowed_operations lists.
/// The first failing check wins, in this order: blocked, power state, concurrency, template, snapshot, mobility, control domain, guest.
/// Pure: everything it needs is in <see cref="VmFacts"/>.
/// </summary>
internal static class AllowedOperations
{
    private const string CannotSuspendReason = "data-cant-suspend-reason";

    /// <summary>The error that forbids the operation, or null. <paramref name="strict"/> is false only for a forced pool_migrate.</summary>
    public static XenApiError? Check(VmFacts vm, string operation, bool strict = true) =>
        Blocked(vm, operation)
        ?? PowerState(vm, operation)
        ?? Concurrency(vm, operation)
        ?? Template(vm, operation)
        ?? Snapshot(vm, operation)
        ?? Kind(vm, operation)
        ?? Mobility(vm, operation, strict)
        ?? ControlDomain(vm, operation)
        ?? Guest(vm, operation, strict);

    /// <summary>Raises what <see cref="Check"/> finds.</summary>
    public static void Assert(VmFacts vm, string operation, bool strict = true)
    {
        if (Check(vm, operation, strict) is { } error)
        {
            throw error;
        }
    }

    /// <summary>The content of allowed_operations, in the order of their names.</summary>
    public static ImmutableArray<string> List(VmFacts vm)
    {
        ImmutableArray<string>.Builder allowed = ImmutableArray.CreateBuilder<string>();
        foreach ((string operation, ImmutableArray<string> states) in VmOperationTable.Advertised)
        {
            // What forbids most of them is seen without making an error that nobody is told of.
            if (Expected(vm, operation, states).Contains(vm.PowerState) && MayBegin(vm, operation) && Check(vm, operation) is null)
            {
                allowed.Add(operation);
            }
        }

        return allowed.ToImmutable();
    }

    private static XenApiError? Blocked(VmFacts vm, string operation)
    {
        foreach ((string blocked, string reason) in vm.Blocked)
        {
            if (blocked == operation)
            {
                return new XenApiError("OPERATION_BLOCKED", vm.Reference, reason);
            }
        }

        return null;
    }

    private static XenApiError? PowerState(VmFacts vm, string operation)
    {
        if (!VmOperationTable.PowerStates.TryGetValue(operation, out ImmutableArray<string> expected))
        {
            return new XenApiError("NOT_IMPLEMENTED", operation);
        }

        expected = Expected(vm, operation, expected);
        return expected.Contains(vm.PowerState)
            ? null
            : new XenApiError("VM_BAD_POWER_STATE", vm.Reference, string.Join(", ", expected), vm.PowerState);
    }

    /// <summary>The power states for this VM, where the operation's own are <paramref name="states"/>.</summary>
    private static ImmutableArray<string> Expected(VmFacts vm, string operation, ImmutableArray<string> states)
    {
        if (vm.IsControlDomain && VmOperationTable.RunningControlDomain.Contains(operation))
        {
            states = states.Add(VmOperationTable.Running);
        }

        return vm.IsSnapshot && VmOperationTable.SuspendedSnapshot.Contains(operation) ? states.Add(VmOperationTable.Suspended) : states;
    }

    private static XenApiError? Concurrency(VmFacts vm, string operation) =>
        MayBegin(vm, operation) ? null : OtherOperation.InProgress("VM", vm.Reference, vm.Current);

    private static bool MayBegin(VmFacts vm, string operation) => vm.Current.IsEmpty || VmConcurrency.Compatible(vm.Current, operation);

    private static XenApiError? Template(VmFacts vm, string operation)
    {
        bool allowed = !vm.IsTemplate || vm.IsSnapshot || VmOperationTable.Template.Contains(operation)
            || (!vm.IsDefaultTemplate && VmOperationTable.CustomTemplate.Contains(operation));
        return allowed ? null : new XenApiError("VM_IS_TEMPLATE", vm.Reference, operation);
    }

    private static XenApiError? Snapshot(VmFacts vm, string operation) =>
        !vm.IsSnapshot || VmOperationTable.Snapshot.Contains(operation)
            ? null
            : new XenApiError("VM_IS_SNAPSHOT", vm.Reference, operation);

    private static XenApiError? Kind(VmFacts vm, string operation) => operation switch
    {
        "provision" when !vm.IsTemplate => new XenApiError("ONLY_PROVISION_TEMPLATE"),
        "revert" when !vm.IsSnapshot => new XenApiError("ONLY_REVERT_SNAPSHOT"),
        _ => null,
    };

    private static XenApiError? Mobility(VmFacts vm, string operation, bool strict)
    {
        if (strict && VmOperationTable.MovesMemory.Contains(operation) && (vm.NoMigrate || vm.NestedVirtualisation))
        {
            return new XenApiError("VM_IS_IMMOBILE", vm.Reference);
        }

        return operation == "changing_dynamic_range" && vm.NestedVirtualisation
            ? new XenApiError("VM_IS_USING_NESTED_VIRT", vm.Reference)
            : null;
    }

    private static XenApiError? ControlDomain(VmFacts vm, string operation)
    {
        if (!vm.IsControlDomain)
        {
            return null;
        }

        if (vm.IsDomainZero && (operation is "changing_VCPUs" or "destroy"))
        {
            return new XenApiError("OPERATION_NOT_ALLOWED", "This operation is not allowed on dom0");
        }

        return VmOperationTable.ControlDomain.Contains(operation)
            ? null
            : new XenApiError("OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain");
    }

    private static XenApiError? Guest(VmFacts vm, string operation, bool strict)
    {
        if (operation == "snapshot_with_quiesce")
        {
            return new XenApiError("VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED", vm.Reference, "");
        }

        if (vm.GuestReport is not { } report || vm.PowerState == VmOperationTable.Halted
            || !VmOperationTable.GuestFeatures.TryGetValue(operation, out ImmutableArray<string> features))
        {
            return null;
        }

        if (VmOperationTable.MovesMemory.Contains(operation) && report.TryGetValue(CannotSuspendReason, out string? reason))
        {
            return new XenApiError("VM_NON_SUSPENDABLE", vm.Reference, reason);
        }

        bool excused = vm.ParavirtualBoot || (!strict && VmOperationTable.MovesMemory.Contains(operation));
        return excused || features.Any(report.ContainsKey) ? null : new XenApiError("VM_LACKS_FEATURE", vm.Reference);
    }
}

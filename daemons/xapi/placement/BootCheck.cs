using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Placement;

/// <summary>Whether a VM can start on a host: the checks of VM.assert_can_boot_here that concern the classes this pool has, in the order of
/// XenAPI; the first that fails raises its error.</summary>
internal static class BootCheck
{
    /// <summary>Raises HANDLE_INVALID for either reference, then the first failing check.</summary>
    public static async ValueTask AssertAsync(XapiDatabase database, Ref<VM> vm, VM guest, Ref<host> self, bool memory, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        host_metrics? metrics = await database.Find(row.metrics, cancel).ConfigureAwait(false);
        if (Configuration(guest) is { } invalid)
        {
            throw invalid;
        }

        if (Host(vm, guest, self, row, metrics) is { } error)
        {
            throw error;
        }

        if (await VmStorage.MissingAsync(database, guest, self, cancel).ConfigureAwait(false) is { } missing)
        {
            throw new XenApiError("VM_REQUIRES_SR", vm.ToString(), missing.ToString());
        }

        if (memory)
        {
            await HostMemory.AssertFitsAsync(database, self, vm, guest, cancel).ConfigureAwait(false);
        }

        if (Processors(guest, row) is { } few)
        {
            throw few;
        }
    }

    /// <summary>What is wrong with the VM's own configuration, or null.</summary>
    public static XenApiError? Configuration(VM guest)
    {
        if (!MemoryLimits.Valid(guest.memory_static_min, guest.memory_dynamic_min, guest.memory_dynamic_max, guest.memory_static_max))
        {
            return new XenApiError("MEMORY_CONSTRAINT_VIOLATION");
        }

        if (guest.HVM_shadow_multiplier < 1 && VmRows.EffectiveDomainType(guest) != domain_type.pv)
        {
            return new XenApiError("INVALID_VALUE", "HVM_shadow_multiplier", guest.HVM_shadow_multiplier.ToString(CultureInfo.InvariantCulture));
        }

        return Processors(guest);
    }

    /// <summary>What is wrong with the VM's numbers of vCPUs, or null.</summary>
    public static XenApiError? Processors(VM guest)
    {
        if (guest.VCPUs_max <= 0)
        {
            return new XenApiError("INVALID_VALUE", "VCPUs_max", Text(guest.VCPUs_max));
        }

        if (guest.VCPUs_at_startup <= 0)
        {
            return new XenApiError("INVALID_VALUE", "VCPUs_at_startup", Text(guest.VCPUs_at_startup));
        }

        return guest.VCPUs_at_startup > guest.VCPUs_max
            ? new XenApiError("VALUE_NOT_SUPPORTED", "VCPUs_at_startup", Text(guest.VCPUs_at_startup), "value greater than VCPUs_max")
            : null;
    }

    private static XenApiError? Host(Ref<VM> vm, VM guest, Ref<host> self, host row, host_metrics? metrics)
    {
        if (metrics is not { live: true })
        {
            return new XenApiError("HOST_NOT_LIVE");
        }

        if (!row.enabled && !guest.is_control_domain)
        {
            return new XenApiError("HOST_DISABLED", self.ToString());
        }

        bool needsHvm = VmRows.EffectiveDomainType(guest) != domain_type.pv;
        return needsHvm && !row.capabilities.Any(static c => c.Contains("hvm", StringComparison.Ordinal))
            ? new XenApiError("VM_HVM_REQUIRED", vm.ToString())
            : null;
    }

    /// <summary>A host that does not say how many processors it has is not held against the VM.</summary>
    private static XenApiError? Processors(VM guest, host row)
    {
        bool unrestricted = guest.platform.GetValueOrDefault("vcpu-unrestricted") == "true";
        bool known = long.TryParse(row.cpu_info.GetValueOrDefault("cpu_count"), CultureInfo.InvariantCulture, out long processors) && processors > 0;
        return known && !unrestricted && guest.VCPUs_max > processors
            ? new XenApiError("HOST_NOT_ENOUGH_PCPUS", Text(guest.VCPUs_max), Text(processors))
            : null;
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}

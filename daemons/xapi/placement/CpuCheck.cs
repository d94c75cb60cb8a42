using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Placement;

/// <summary>Whether a VM that has booted finds on another host the CPU that it knows: its last boot's vendor and features
/// (<c>VM.last_boot_CPU_flags</c>) beside the most that a guest of its kind can have there (<c>host.cpu_info</c>). Where either is not
/// known nothing is held against the host.</summary>
internal static class CpuCheck
{
    private const string Vendor = "vendor";

    /// <summary>Raises VM_INCOMPATIBLE_WITH_THIS_HOST [vm; host; reason].</summary>
    public static async ValueTask AssertAsync(XapiDatabase database, Ref<VM> self, Ref<host> target, CancellationToken cancel)
    {
        VM vm = await database.Get(self, cancel).ConfigureAwait(false);
        host row = await database.Get(target, cancel).ConfigureAwait(false);
        if (Problem(vm, row) is { } reason)
        {
            throw new XenApiError("VM_INCOMPATIBLE_WITH_THIS_HOST", self.ToString(), target.ToString(), reason);
        }
    }

    internal static string? Problem(VM vm, host row)
    {
        string features = row.cpu_info.GetValueOrDefault(VmRows.EffectiveDomainType(vm) == domain_type.pv ? "features_pv" : "features_hvm", "");
        string needed = vm.last_boot_CPU_flags.GetValueOrDefault("features", "");
        if (vm.power_state == vm_power_state.Halted || features.Length == 0 || needed.Length == 0)
        {
            return null;
        }

        if (vm.last_boot_CPU_flags.TryGetValue(Vendor, out string? vendor) && row.cpu_info.TryGetValue(Vendor, out string? there) && vendor != there)
        {
            return "VM last booted on a host which had a CPU from a different vendor.";
        }

        return CpuPolicy.IsCompatible(needed, features, lenient: true) ? null : "VM last booted on a CPU with features this host's CPU does not have.";
    }
}

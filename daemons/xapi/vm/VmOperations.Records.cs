using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Reports;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Settings that are kept with the VM for others to act on.</summary>
internal sealed partial class VmOperations
{
    /// <summary>The BIOS strings a client may set, and the longest of each.</summary>
    private static readonly ImmutableDictionary<string, int> BiosStrings = ImmutableDictionary.CreateRange(
        new[]
        {
            "bios-vendor", "bios-version", "system-manufacturer", "system-product-name", "system-version", "system-serial-number", "enclosure-asset-tag",
            "baseboard-manufacturer", "baseboard-product-name", "baseboard-version", "baseboard-serial-number", "baseboard-asset-tag",
            "baseboard-location-in-chassis",
        }.Select(static key => KeyValuePair.Create(key, 512)));

    private static readonly ImmutableArray<string> RestartPriorities = ["restart", "best-effort", ""];

    /// <summary>Raises VM_BIOS_STRINGS_ALREADY_SET, INVALID_VALUE [key; why].</summary>
    public override async Task set_bios_strings(Call call, Ref<VM> self, ImmutableSortedDictionary<string, string> value)
    {
        foreach ((string key, string text) in value)
        {
            if (!BiosStrings.TryGetValue(key, out int longest))
            {
                throw new XenApiError("INVALID_VALUE", key, "Unknown key");
            }

            if (text.Length == 0 || text.Length > longest || text.Any(static c => c is < ' ' or > '~'))
            {
                throw new XenApiError("INVALID_VALUE", key, text.Length > longest ? $"{key} has length more than {longest} characters" : $"{key} has no or invalid characters");
            }
        }

        await ChangeAsync(call, self, row => row.bios_strings.IsEmpty ? row with { bios_strings = value } : throw new XenApiError("VM_BIOS_STRINGS_ALREADY_SET"))
            .ConfigureAwait(false);
    }

    /// <summary>Raises VM_BIOS_STRINGS_ALREADY_SET.</summary>
    public override async Task copy_bios_strings(Call call, Ref<VM> vm, Ref<host> host)
    {
        ImmutableSortedDictionary<string, string> strings = (await database.Get(host, call.Cancellation).ConfigureAwait(false)).bios_strings;
        await ChangeAsync(call, vm, row => row.bios_strings.IsEmpty ? row with { bios_strings = strings } : throw new XenApiError("VM_BIOS_STRINGS_ALREADY_SET"))
            .ConfigureAwait(false);
    }

    /// <summary>Raises VM_BAD_POWER_STATE unless the VM is halted.</summary>
    public override async Task set_has_vendor_device(Call call, Ref<VM> self, bool value) =>
        await ChangeAsync(call, self, row => row.power_state == vm_power_state.Halted
            ? row with { has_vendor_device = value }
            : throw new XenApiError("VM_BAD_POWER_STATE", self.ToString(), VmOperationTable.Halted, VmRows.PowerStateText(row.power_state))).ConfigureAwait(false);

    public override async Task set_NVRAM(Call call, Ref<VM> self, ImmutableSortedDictionary<string, string> value) =>
        await ChangeAsync(call, self, row => row with { NVRAM = value }).ConfigureAwait(false);

    /// <summary>Raises MAP_DUPLICATE_KEY for a key that has another value already.</summary>
    public override async Task add_to_NVRAM(Call call, Ref<VM> self, string key, string value) =>
        await ChangeAsync(call, self, row => row.NVRAM.TryGetValue(key, out string? known) && known != value
            ? throw new XenApiError("MAP_DUPLICATE_KEY", "VM", "NVRAM", self.ToString(), key)
            : row with { NVRAM = row.NVRAM.SetItem(key, value) }).ConfigureAwait(false);

    public override async Task remove_from_NVRAM(Call call, Ref<VM> self, string key) =>
        await ChangeAsync(call, self, row => row with { NVRAM = row.NVRAM.Remove(key) }).ConfigureAwait(false);

    public override async Task set_suspend_VDI(Call call, Ref<VM> self, Ref<VDI> value)
    {
        if (!value.IsNull)
        {
            await database.Get(value, call.Cancellation).ConfigureAwait(false);
        }

        await ChangeAsync(call, self, row => row.power_state == vm_power_state.Suspended
            ? row with { suspend_VDI = value }
            : throw new XenApiError("VM_BAD_POWER_STATE", self.ToString(), VmOperationTable.Suspended, VmRows.PowerStateText(row.power_state))).ConfigureAwait(false);
    }

    public override async Task set_appliance(Call call, Ref<VM> self, Ref<VM_appliance> value)
    {
        if (!value.IsNull)
        {
            await database.Get(value, call.Cancellation).ConfigureAwait(false);
        }

        await ChangeAsync(call, self, row => row.is_a_template || row.is_control_domain
            ? throw new XenApiError("OPERATION_NOT_ALLOWED", "Control domains and templates cannot be in an appliance")
            : row with { appliance = value }).ConfigureAwait(false);
    }

    public override async Task set_snapshot_schedule(Call call, Ref<VM> self, Ref<VMSS> value)
    {
        if (!value.IsNull)
        {
            await database.Get(value, call.Cancellation).ConfigureAwait(false);
        }

        await ChangeAsync(call, self, row => row with { snapshot_schedule = value }).ConfigureAwait(false);
    }

    /// <summary>Raises INVALID_VALUE [ha_restart_priority; word].</summary>
    public override async Task set_ha_restart_priority(Call call, Ref<VM> self, string value)
    {
        if (!RestartPriorities.Contains(value))
        {
            throw new XenApiError("INVALID_VALUE", "ha_restart_priority", value);
        }

        await ChangeAsync(call, self, row => row with
        {
            ha_restart_priority = value,
            ha_always_run = value == "restart" && row.power_state == vm_power_state.Running,
        }).ConfigureAwait(false);
    }

    public override Task<Ref<blob>> create_new_blob(Call call, Ref<VM> vm, string name, string mime_type, bool @public) => BlobStore.AddAsync(
        database, vm, name, mime_type, @public, (row, blob) => row with { blobs = row.blobs.SetItem(name, blob) }, call.Cancellation);

    public override async Task set_ha_always_run(Call call, Ref<VM> self, bool value) =>
        await ChangeAsync(call, self, row => row with { ha_always_run = value }).ConfigureAwait(false);
}

using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Pool;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>Writes what xenopsd says of a VM that is resident here into the rows of the VM, its metrics, consoles, guest metrics and devices.
/// A suspended or halted VM is resident nowhere, and xenopsd need not know it any more.
/// Raises XenopsError when xenopsd does not answer, XenApiError when the database does not.</summary>
internal sealed class VmUpdates(IXenops xenops, XapiDatabase database, HostIdentity identity, DeviceUpdates devices, ILogger logger)
{
    private const string Debug = "events";

    /// <summary>Whose CPUs this host has; null until the database says.</summary>
    private string? vendor;

    /// <summary>Applies the state of a VM; null: xenopsd does not know it.</summary>
    internal async Task ApplyAsync(Ref<VM> self, VM before, VmState? state, CancellationToken cancel)
    {
        string? record = state is { power_state: PowerState.Suspended } && !IsCheckpointing(before)
            ? await ExportAsync(before.uuid, cancel).ConfigureAwait(false)
            : null;
        vendor ??= (await database.Find(identity.Localhost, cancel).ConfigureAwait(false))?.cpu_info.GetValueOrDefault("vendor");
        VM after = await database.Update(self,
            current => current.resident_on == identity.Localhost ? VmStateMapping.Apply(current, self.ToString(), state, vendor, record) : current, cancel)
            .ConfigureAwait(false);
        await MetricsAsync(after.metrics, state, cancel).ConfigureAwait(false);
        await ConsolesAsync(self, after, state, cancel).ConfigureAwait(false);
        await GuestMetricsAsync(self, after, state, cancel).ConfigureAwait(false);
        bool gone = after.power_state is vm_power_state.Halted || record is not null;
        if (after.power_state == vm_power_state.Halted)
        {
            await devices.DetachAllAsync(after, cancel).ConfigureAwait(false);
        }
        else if (after.power_state != before.power_state)
        {
            await devices.UpdateAllowedAsync(after, cancel).ConfigureAwait(false);
        }

        if (after.power_state != before.power_state)
        {
            Log.PowerState(logger, before.uuid, after.power_state.ToString());
        }

        if (gone && state is not null)
        {
            if (record is not null)
            {
                // From here on only the database knows the suspended VM.
                await database.FlushAsync(cancel).ConfigureAwait(false);
            }

            await ForgetAsync(before.uuid, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>A checkpoint suspends the VM only to resume it: it stays where it is.</summary>
    private static bool IsCheckpointing(VM row) => row.current_operations.ContainsValue(vm_operations.checkpoint);

    /// <summary>The record by which xenopsd knows a suspended VM again; empty when it keeps none.</summary>
    private async Task<string> ExportAsync(string uuid, CancellationToken cancel)
    {
        string text = await xenops.VmExportMetadata(Debug, uuid, cancel).ConfigureAwait(false);
        return MetadataCodec.Read(JsonValueReader.Parse(Encoding.UTF8.GetBytes(text))).domains ?? "";
    }

    private async Task MetricsAsync(Ref<VM_metrics> self, VmState? state, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is null)
        {
            return;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        await database.Update(self, current =>
        {
            VM_metrics updated = VmStateMapping.Apply(current, state, now);
            return updated == current with { last_updated = now } ? current : updated;
        }, cancel).ConfigureAwait(false);
    }

    /// <summary>One row for each console that the VM has now.</summary>
    private async Task ConsolesAsync(Ref<VM> self, VM row, VmState? state, CancellationToken cancel)
    {
        bool runs = row.power_state is vm_power_state.Running or vm_power_state.Paused;
        List<VmConsole> wanted = runs && state is not null ? [.. state.consoles] : [];
        if (wanted.Count == 0 && row.consoles.IsEmpty)
        {
            return;
        }

        foreach (Ref<console> one in row.consoles)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { } known
                && wanted.FindIndex(c => ProtocolOf(c) == known.protocol && c.port == known.port) is >= 0 and int index)
            {
                wanted.RemoveAt(index);
            }
            else
            {
                await database.Destroy(one, cancel).ConfigureAwait(false);
            }
        }

        foreach (VmConsole added in wanted)
        {
            string uuid = Guid.NewGuid().ToString();
            await database.Create(new console
            {
                uuid = uuid,
                VM = self,
                protocol = ProtocolOf(added),
                location = $"https://{identity.Address}/console?uuid={uuid}",
                port = added.port,
            }, cancel).ConfigureAwait(false);
        }
    }

    private static console_protocol ProtocolOf(VmConsole one) => one.protocol == ConsoleProtocol.Rfb ? console_protocol.rfb : console_protocol.vt100;

    private async Task GuestMetricsAsync(Ref<VM> self, VM row, VmState? state, CancellationToken cancel)
    {
        if (state is null || row.power_state is not (vm_power_state.Running or vm_power_state.Paused)
            || (state.guest_agent.IsEmpty && !state.pv_drivers_detected))
        {
            return;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        Ref<VM_guest_metrics> metrics = row.guest_metrics;
        if (metrics.IsNull || await database.Find(metrics, cancel).ConfigureAwait(false) is null)
        {
            metrics = await database.Create(new VM_guest_metrics { uuid = Guid.NewGuid().ToString() }, cancel).ConfigureAwait(false);
            await database.Update(self, current => current with { guest_metrics = metrics }, cancel).ConfigureAwait(false);
        }

        await database.Update(metrics, current =>
        {
            VM_guest_metrics updated = GuestReport.Apply(current, state);
            return updated == current ? current : updated with { last_updated = now };
        }, cancel).ConfigureAwait(false);
    }

    private async Task ForgetAsync(string uuid, CancellationToken cancel)
    {
        try
        {
            await xenops.VmRemove(Debug, uuid, cancel).ConfigureAwait(false);
        }
        catch (XenopsError e)
        {
            // It is forgotten or replaced at the next start of the VM or of xapi.
            Log.ForgetFailed(logger, uuid, e.Message);
        }
    }
}

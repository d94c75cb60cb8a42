using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Questions about a VM, its reset, and plug-ins inside of the guest.</summary>
internal sealed partial class VmOperations
{
    private const long Mebibyte = 1024 * 1024;
    private const string GuestAgentPlugin = "guest-agent-operation";

    public override async Task assert_operation_valid(Call call, Ref<VM> self, vm_operations op) =>
        AllowedOperations.Assert(VmRows.Facts(await GetAsync(call, self).ConfigureAwait(false), self.ToString()), vm_operationsCodec.Text(op));

    public override async Task update_allowed_operations(Call call, Ref<VM> self) =>
        await ChangeAsync(call, self, static row => row).ConfigureAwait(false);

    public override async Task<ImmutableArray<Ref<host>>> get_possible_hosts(Call call, Ref<VM> vm) =>
        await chooser.PossibleAsync(vm, await GetAsync(call, vm).ConfigureAwait(false), call.Cancellation).ConfigureAwait(false);

    public override async Task assert_can_boot_here(Call call, Ref<VM> self, Ref<host> host) =>
        await BootCheck.AssertAsync(database, self, await GetAsync(call, self).ConfigureAwait(false), host, memory: true, call.Cancellation)
            .ConfigureAwait(false);

    public override async Task<ImmutableArray<string>> get_allowed_VBD_devices(Call call, Ref<VM> vm)
    {
        List<string> taken = [];
        foreach (Ref<VBD> one in (await GetAsync(call, vm).ConfigureAwait(false)).VBDs)
        {
            taken.Add((await database.Get(one, call.Cancellation).ConfigureAwait(false)).userdevice);
        }

        return DeviceNames.FreeDisks(taken);
    }

    public override async Task<ImmutableArray<string>> get_allowed_VIF_devices(Call call, Ref<VM> vm)
    {
        List<string> taken = [];
        foreach (Ref<VIF> one in (await GetAsync(call, vm).ConfigureAwait(false)).VIFs)
        {
            taken.Add((await database.Get(one, call.Cancellation).ConfigureAwait(false)).device);
        }

        return DeviceNames.FreeInterfaces(taken);
    }

    /// <summary>The settings that the VM runs with.</summary>
    public override async Task<VM> get_boot_record(Call call, Ref<VM> self) => await GetAsync(call, self).ConfigureAwait(false);

    /// <summary>The largest static maximum, in bytes, with which the VM fits in a total of memory.</summary>
    public override async Task<long> maximise_memory(Call call, Ref<VM> self, long total, bool approximate)
    {
        VM row = await GetAsync(call, self).ConfigureAwait(false);
        long fits = 0;
        long tooMuch = MemoryModel.ToMiB(total) + 1;
        while (tooMuch - fits > 1)
        {
            long middle = fits + (tooMuch - fits) / 2;
            long bytes = middle * Mebibyte;
            bool enough = VmRows.Memory(row with { memory_static_max = bytes, memory_dynamic_min = bytes }).FootprintBytes <= total;
            (fits, tooMuch) = enough ? (middle, tooMuch) : (fits, middle);
        }

        return fits * Mebibyte;
    }

    /// <summary>Whether the VM could run on any host: its disks are on shared SRs that all hosts reach, its networks are everywhere.
    /// Raises HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED [SR], HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED [network].</summary>
    public override async Task assert_agile(Call call, Ref<VM> self)
    {
        VM row = await GetAsync(call, self).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<host>, host>> hosts = await database.GetAll<host>(call.Cancellation).ConfigureAwait(false);
        HashSet<Ref<SR>> needed = await VmStorage.NeededAsync(database, row, call.Cancellation).ConfigureAwait(false);
        foreach (Ref<SR> one in needed)
        {
            bool everywhere = (await database.Get(one, call.Cancellation).ConfigureAwait(false)).shared;
            foreach ((Ref<host> host, _) in hosts)
            {
                everywhere &= await VmStorage.MissingAsync(database, [one], host, call.Cancellation).ConfigureAwait(false) is null;
            }

            if (!everywhere)
            {
                throw new XenApiError("HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", one.ToString());
            }
        }

        foreach (Ref<VIF> one in row.VIFs)
        {
            Ref<network> net = (await database.Get(one, call.Cancellation).ConfigureAwait(false)).network;
            if (!await IsEverywhereAsync(net, hosts.Count, call.Cancellation).ConfigureAwait(false))
            {
                throw new XenApiError("HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED", net.ToString());
            }
        }
    }

    /// <summary>Declares a VM halted whose host is gone. Raises CANNOT_RESET_CONTROL_DOMAIN [vm], DOMAIN_EXISTS [vm; domid], HOST_IS_LIVE [host].</summary>
    public override async Task power_state_reset(Call call, Ref<VM> vm)
    {
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        if (row.is_control_domain)
        {
            throw new XenApiError("CANNOT_RESET_CONTROL_DOMAIN", vm.ToString());
        }

        if (row.resident_on == identity.Localhost)
        {
            await AssertNoDomainAsync(Context(call), vm, row.uuid).ConfigureAwait(false);
        }
        else if (!row.resident_on.IsNull && await database.Find(row.resident_on, call.Cancellation).ConfigureAwait(false) is { } where
            && await database.Find(where.metrics, call.Cancellation).ConfigureAwait(false) is { live: true })
        {
            throw new XenApiError("HOST_IS_LIVE", row.resident_on.ToString());
        }

        VM halted = await database.Update(vm,
            current => VmRows.Halted(current with { current_operations = current.current_operations.Clear() }, vm.ToString()), call.Cancellation)
            .ConfigureAwait(false);
        await devices.DetachAllAsync(halted, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>A network of physical interfaces has one on every host.</summary>
    private async ValueTask<bool> IsEverywhereAsync(Ref<network> self, int hosts, CancellationToken cancel)
    {
        HashSet<Ref<host>> having = [];
        foreach (Ref<PIF> one in (await database.Get(self, cancel).ConfigureAwait(false)).PIFs)
        {
            having.Add((await database.Get(one, cancel).ConfigureAwait(false)).host);
        }

        return having.Count == 0 || having.Count == hosts;
    }

    /// <summary>Runs a script in the guest: plug-in <c>guest-agent-operation</c>, function <c>run-script</c>, argument <c>script</c>.
    /// Raises XENAPI_MISSING_PLUGIN [plugin], XENAPI_PLUGIN_FAILURE.</summary>
    public override async Task<string> call_plugin(
        Call call, Ref<VM> vm, string plugin, string fn, ImmutableSortedDictionary<string, string> args)
    {
        if (plugin != GuestAgentPlugin)
        {
            throw new XenApiError("XENAPI_MISSING_PLUGIN", plugin);
        }

        if (fn != "run-script")
        {
            throw new XenApiError("XENAPI_PLUGIN_FAILURE", fn, "unknown function", "");
        }

        if (!args.TryGetValue("script", out string? script))
        {
            throw new XenApiError("XENAPI_PLUGIN_FAILURE", fn, "missing argument: script", "");
        }

        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        return await xenops.RunAsync(Context(call), vm, row.uuid, (x, debug) => x.VmRunScript(debug, row.uuid, script, CancellationToken.None))
            .ConfigureAwait(false) ?? "";
    }

    private async Task AssertNoDomainAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        ImmutableArray<(Vm vm, VmState state)> known = await xenops.AskAsync(call, vm, uuid, (x, debug) => x.VmList(debug, call.Cancellation))
            .ConfigureAwait(false);
        foreach ((Vm one, VmState state) in known)
        {
            if (one.id == uuid && !state.domids.IsEmpty)
            {
                throw new XenApiError("DOMAIN_EXISTS", vm.ToString(), $"{state.domids[0]}");
            }
        }
    }
}

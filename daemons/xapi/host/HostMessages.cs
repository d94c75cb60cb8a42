using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;

namespace Toolstack.Xapi.Hosts;

/// <summary>The messages of class host that are implemented, by subject in the files of this class; the others raise NOT_IMPLEMENTED.</summary>
internal sealed partial class HostMessages(XapiServices services, HostLiveness liveness, ScriptRunner scripts, HostPolicies policies, LocalState local) : hostMessages
{
    private readonly XapiDatabase database = services.Database;

    /// <summary>A member's heartbeat, <c>{time}</c>, or its last word, <c>{shutting-down: true}</c>.</summary>
    public override async Task<ImmutableSortedDictionary<string, string>> tickle_heartbeat(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> stuff)
    {
        bool stops = stuff.GetValueOrDefault("shutting-down") == "true";
        await (stops ? liveness.StoppedAsync(host, call.Cancellation) : liveness.HeardAsync(host, call.Cancellation)).ConfigureAwait(false);
        return ImmutableSortedDictionary<string, string>.Empty;
    }

    public override async Task enable(Call call, Ref<host> host)
    {
        local.Set(LocalState.AutoEnable, "true");
        await HostState.SetEnabledAsync(database, host, enabled: true, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Until enabled again or the next start; without <paramref name="auto_enable"/> beyond it.</summary>
    public override async Task disable(Call call, Ref<host> host, bool auto_enable = true)
    {
        if (!auto_enable)
        {
            local.Set(LocalState.AutoEnable, "false");
        }

        await HostState.SetEnabledAsync(database, host, enabled: false, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task set_power_on_mode(Call call, Ref<host> self, string power_on_mode, ImmutableSortedDictionary<string, string> power_on_config) =>
        await database.Update(self, r => r with { power_on_mode = power_on_mode, power_on_config = power_on_config }, call.Cancellation).ConfigureAwait(false);

    public override Task<Ref<blob>> create_new_blob(Call call, Ref<host> host, string name, string mime_type, bool @public) => BlobStore.AddAsync(
        database, host, name, mime_type, @public, (row, blob) => row with { blobs = row.blobs.SetItem(name, blob) }, call.Cancellation);

    /// <summary>Starts this host's xapi anew; the answer may come before or never.</summary>
    public override Task restart_agent(Call call, Ref<host> host)
    {
        services.Restart("host.restart_agent");
        return Task.CompletedTask;
    }

    /// <summary>Declares a host dead that is: its VMs count as halted, and those promised to it may go elsewhere. Raises HOST_IS_LIVE [host].</summary>
    public override async Task declare_dead(Call call, Ref<host> host)
    {
        await AssertDeadAsync(host, call.Cancellation).ConfigureAwait(false);
        foreach ((Ref<VM> vm, VM row) in await database.GetAll<VM>(call.Cancellation).ConfigureAwait(false))
        {
            if (row.resident_on == host && !row.is_control_domain)
            {
                await database.Update(vm, r => VirtualMachines.VmRows.Halted(r with { current_operations = r.current_operations.Clear() }, vm.ToString()), call.Cancellation)
                    .ConfigureAwait(false);
            }
            else if (row.scheduled_to_be_resident_on == host)
            {
                await database.Update(vm, r => r.scheduled_to_be_resident_on == host ? r with { scheduled_to_be_resident_on = Ref<host>.Null } : r, call.Cancellation)
                    .ConfigureAwait(false);
            }
        }
    }

    public override Task<bool> is_in_emergency_mode(Call call) => Task.FromResult(services.Emergency is not null);

    /// <summary>Raises why this host cannot serve.</summary>
    public override Task local_assert_healthy(Call call) => services.Emergency is { } reason ? throw reason : Task.CompletedTask;

    private async Task AssertDeadAsync(Ref<host> self, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        if (self == services.Identity.Localhost || await database.Find(row.metrics, cancel).ConfigureAwait(false) is { live: true })
        {
            throw new XenApiError("HOST_IS_LIVE", self.ToString());
        }
    }
}

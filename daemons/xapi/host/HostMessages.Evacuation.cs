using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Hosts;

/// <summary>Emptying a host of its VMs, and whether that is possible.</summary>
internal sealed partial class HostMessages
{
    private static readonly TimeSpan MigrationDeadline = TimeSpan.FromHours(24);

    private static readonly Value LiveMigration = new Value.Struct([KeyValuePair.Create("live", (Value)new Value.Text("true"))]);

    /// <summary>Moves every VM to another host, as many at a time as asked for (0: one). Raises what prevents the first that cannot go, before
    /// anything is moved; what a migration raises ends it with the VMs that have moved moved.</summary>
    public override async Task evacuate(Call call, Ref<host> host, Ref<network> network = default, long evacuate_batch_size = 0)
    {
        EvacuationPlan plan = await EvacuationPlan.MakeAsync(database, host, call.Cancellation).ConfigureAwait(false);
        if (plan.Obstacles.Count > 0)
        {
            throw plan.Obstacles.First().Value;
        }

        int batch = (int)Math.Clamp(evacuate_batch_size, 1, 10);
        foreach (KeyValuePair<Ref<VM>, Ref<host>>[] together in plan.Moves.Chunk(batch))
        {
            await Task.WhenAll(together.Select(move => MigrateAsync(move.Key, move.Value, call.Cancellation))).ConfigureAwait(false);
        }
    }

    /// <summary>Raises CANNOT_EVACUATE_HOST [code,parameter,...|...].</summary>
    public override async Task assert_can_evacuate(Call call, Ref<host> host)
    {
        EvacuationPlan plan = await EvacuationPlan.MakeAsync(database, host, call.Cancellation).ConfigureAwait(false);
        if (plan.Obstacles.Count > 0)
        {
            throw new XenApiError("CANNOT_EVACUATE_HOST", string.Join('|', plan.Obstacles.Values.Select(static e => string.Join(',', e.Parameters.Insert(0, e.Code)))));
        }
    }

    public override async Task<ImmutableSortedDictionary<Ref<VM>, ImmutableArray<string>>> get_vms_which_prevent_evacuation(Call call, Ref<host> self)
    {
        EvacuationPlan plan = await EvacuationPlan.MakeAsync(database, self, call.Cancellation).ConfigureAwait(false);
        return plan.Obstacles.ToImmutableSortedDictionary(static o => o.Key, static o => o.Value.Parameters.Insert(0, o.Value.Code));
    }

    /// <summary>The balloon driver's reports that this asked for are no longer made: no VM is named.</summary>
    public override async Task<ImmutableArray<Ref<VM>>> get_uncooperative_resident_VMs(Call call, Ref<host> self)
    {
        await database.Get(self, call.Cancellation).ConfigureAwait(false);
        return [];
    }

    /// <summary>As a client would, so that the VM is locked and its memory reserved.</summary>
    private Task<Value> MigrateAsync(Ref<VM> vm, Ref<host> target, CancellationToken cancel) => services.Client.CallAsync(
        services.Identity.CoordinatorAddress, "VM.pool_migrate", [new Value.Text(vm.ToString()), new Value.Text(target.ToString()), LiveMigration], null,
        MigrationDeadline, cancel);
}

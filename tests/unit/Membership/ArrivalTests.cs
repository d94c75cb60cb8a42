using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Membership;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Storage;
using Xunit;

namespace Toolstack.Tests.Membership;

/// <summary>The rows of a stand-alone host go to a pool, and those of a host go from it.</summary>
public sealed class ArrivalTests : IAsyncDisposable
{
    private static readonly HostIdentity Identity = new()
    {
        Uuid = "host", Address = "10.0.0.2", HttpPort = 80, IsCoordinator = false, CoordinatorAddress = "10.0.0.1", PoolSecret = "secret",
    };

    private readonly LocalDatabase own = LocalDatabase.InMemory(Datamodel.Classes);
    private readonly LocalDatabase pool = LocalDatabase.InMemory(Datamodel.Classes);

    public async ValueTask DisposeAsync()
    {
        await own.DisposeAsync();
        await pool.DisposeAsync();
    }

    [Fact]
    public async Task Everything_of_the_host_comes_once_and_is_bound_as_it_was()
    {
        Ref<host> self = await own.Create(new host { uuid = "host", name_label = "red", metrics = await own.Create(new host_metrics { uuid = "m" }) });
        Ref<network> mine = await own.Create(new network { uuid = "n1", bridge = "xenbr0" });
        Ref<network> other = await own.Create(new network { uuid = "n2", bridge = "" });
        Ref<PIF> card = await own.Create(new PIF { uuid = "p", host = self, network = mine });
        Ref<SR> local = await own.Create(new SR { uuid = "sr" });
        Ref<VDI> disk = await own.Create(new VDI { uuid = "disk", SR = local });
        Ref<VDI> older = await own.Create(new VDI { uuid = "older", SR = local, snapshot_of = disk, is_a_snapshot = true });
        await own.Create(new PBD { uuid = "pbd", host = self, SR = local, currently_attached = true });
        Ref<VM> vm = await own.Create(new VM { uuid = "vm", affinity = self });
        Ref<VM> snapshot = await own.Create(new VM { uuid = "snapshot", snapshot_of = vm, is_a_snapshot = true, is_a_template = true });
        Ref<VBD> vbd = await own.Create(new VBD { uuid = "vbd", VM = vm, VDI = disk });
        Ref<VIF> vif = await own.Create(new VIF { uuid = "vif", VM = vm, network = mine, device = "0" });
        await own.Create(new VIF { uuid = "vif1", VM = vm, network = other, device = "1" });
        await own.Create(new VM { uuid = "dom0", is_control_domain = true, resident_on = self });
        await own.Create(new VM { uuid = "template", is_default_template = true });
        Ref<network> theirs = await pool.Create(new network { uuid = "n0", bridge = "xenbr0" });

        // A member that dies on the way begins anew.
        for (int times = 0; times < 2; times++)
        {
            await new Arrival(pool, Identity, "", NullLogger.Instance).BringAsync(own, default);
        }

        host row = await pool.Get(self);
        Assert.Equal(("red", "10.0.0.2", false), (row.name_label, row.address, row.enabled));
        Assert.Equal(theirs, (await pool.Get(card)).network);
        Assert.Equal([card], row.PIFs);
        Assert.Equal([theirs, other], (await pool.GetAll<network>()).Select(static n => n.Key).OrderBy(n => n != theirs));
        SR repository = await pool.Get(local);
        Assert.Equal(2, repository.VDIs.Length);
        Assert.False((await pool.Get(Assert.Single(repository.PBDs))).currently_attached);
        Assert.Equal([older], (await pool.Get(disk)).snapshots);
        VM guest = await pool.Get(vm);
        Assert.Equal((self, vm_power_state.Halted), (guest.affinity, guest.power_state));
        Assert.Equal([snapshot], guest.snapshots);
        Assert.Equal([vbd], guest.VBDs);
        Assert.Equal(theirs, (await pool.Get(vif)).network);
        Assert.Contains(vm_operations.start, guest.allowed_operations);
        Assert.Equal(2, (await pool.GetAll<VM>()).Count);
    }

    [Fact]
    public async Task What_the_pool_knows_under_another_reference_stays_out_with_its_devices()
    {
        await own.Create(new host { uuid = "host", metrics = await own.Create(new host_metrics { uuid = "m" }) });
        Ref<VM> here = await own.Create(new VM { uuid = "vm" });
        await own.Create(new VIF { uuid = "vif", VM = here });
        Ref<VM> there = await pool.Create(new VM { uuid = "vm" });
        await new Arrival(pool, Identity, "", NullLogger.Instance).BringAsync(own, default);
        Assert.Equal(there, Assert.Single(await pool.GetAll<VM>()).Key);
        Assert.Empty(await pool.GetAll<VIF>());
    }

    [Fact]
    public async Task A_host_that_goes_takes_only_what_was_its_own()
    {
        Ref<host> stays = await pool.Create(new host { uuid = "stays" });
        Ref<host> goes = await pool.Create(new host { uuid = "goes", metrics = await pool.Create(new host_metrics { uuid = "m" }) });
        Ref<SR> shared = await pool.Create(new SR { uuid = "shared", shared = true });
        Ref<SR> local = await pool.Create(new SR { uuid = "local" });
        foreach ((string uuid, Ref<host> host, Ref<SR> repository) in ((string, Ref<host>, Ref<SR>)[])[("1", stays, shared), ("2", goes, shared), ("3", goes, local)])
        {
            await pool.Create(new PBD { uuid = uuid, host = host, SR = repository });
        }

        Ref<VDI> disk = await pool.Create(new VDI { uuid = "disk", SR = shared });
        await pool.Create(new VDI { uuid = "lost", SR = local });
        Ref<VM> vm = await pool.Create(new VM { uuid = "vm", affinity = goes });
        await pool.Create(new PIF { uuid = "pif", host = goes, metrics = await pool.Create(new PIF_metrics { uuid = "pm" }) });
        Ref<VM> dom0 = await pool.Create(new VM { uuid = "dom0", is_control_domain = true, resident_on = goes });
        await pool.Update(goes, row => row with { control_domain = dom0 });

        await new HostRemoval(pool, new VdiStore(pool, Identity)).RemoveAsync(goes, default);
        Assert.Equal(stays, Assert.Single(await pool.GetAll<host>()).Key);
        Assert.Equal(shared, Assert.Single(await pool.GetAll<SR>()).Key);
        Assert.Equal(disk, Assert.Single(await pool.GetAll<VDI>()).Key);
        Assert.Equal("1", Assert.Single(await pool.GetAll<PBD>()).Value.uuid);
        Assert.True(Assert.Single(await pool.GetAll<VM>()) is { Key: var left, Value.affinity.IsNull: true } && left == vm);
        Assert.Empty(await pool.GetAll<PIF>());
        Assert.Empty(await pool.GetAll<PIF_metrics>());
        Assert.Empty(await pool.GetAll<host_metrics>());
    }

    [Fact]
    public async Task A_database_that_is_held_changes_only_when_it_is_released()
    {
        pool.Hold();
        Task<Ref<VM>> waits = pool.Create(new VM { uuid = "vm" }).AsTask();
        Ref<task> works = await pool.Create(new task { uuid = "task" });
        await pool.Destroy(works);
        Assert.False(waits.IsCompleted);
        Assert.Empty(await pool.GetAll<VM>());
        pool.Release();
        Assert.Equal(await waits, Assert.Single(await pool.GetAll<VM>()).Key);
    }
}

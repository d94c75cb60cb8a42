using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Pool;

public sealed class PoolRowsTests
{
    private const long Mebibyte = 1024 * 1024;

    private readonly LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
    private readonly HostIdentity identity = new()
    {
        Uuid = Guid.NewGuid().ToString(), Address = "127.0.1.1", HttpPort = 80, IsCoordinator = true, CoordinatorAddress = "127.0.1.1", PoolSecret = "s",
    };

    private readonly HostFacts facts = new()
    {
        ControlDomainUuid = Guid.NewGuid().ToString(),
        ControlDomainMemory = 0,
        SoftwareVersion = ImmutableSortedDictionary<string, string>.Empty.Add("product_version", "0.1.0"),
        Info = new HostInfo { cpu_info = new CpuInfo { cpu_count = 4, vendor = "V" }, hypervisor = new HypervisorInfo { capabilities = "hvm-3.0-x86_64 pvh" } },
        TotalMemory = 1024 * Mebibyte,
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_coordinator_has_one_pool_its_own_rows_and_the_templates_however_often_it_starts()
    {
        await StartAsync();
        long generation = database.Generation;
        await StartAsync();
        Assert.Equal(generation, database.Generation);

        pool row = Assert.Single(await database.GetAll<pool>(Cancel)).Value;
        host self = await database.Get(identity.Localhost, Cancel);
        Assert.Equal(identity.Localhost, row.master);
        Assert.Equal((identity.Uuid, "127.0.1.1", 2L), (self.uuid, self.address, self.API_version_major));
        Assert.Equal("4", self.cpu_info["cpu_count"]);
        Assert.Equal(["hvm-3.0-x86_64", "pvh"], self.capabilities);
        Assert.Equal(1024 * Mebibyte, (await database.Get(self.metrics, Cancel)).memory_total);
        VM dom0 = await database.Get(self.control_domain, Cancel);
        Assert.True(dom0.is_control_domain && dom0.power_state == vm_power_state.Running && dom0.resident_on == identity.Localhost);
        Assert.Equal([self.control_domain], self.resident_VMs);
        Assert.Equal(BuiltInTemplates.All.Length, (await database.GetAll<VM>(Cancel)).Count(static vm => vm.Value is { is_a_template: true, is_default_template: true }));
    }

    [Fact]
    public async Task A_coordinator_that_was_none_before_leaves_one_notice_of_it()
    {
        string directory = Directory.CreateTempSubdirectory("pool-rows").FullName;
        try
        {
            var notices = new NoticeStore(directory, static () => { }, NullLogger.Instance);
            await StartAsync(notices);
            Assert.Empty(notices.All());
            Ref<pool> self = Assert.Single(await database.GetAll<pool>(Cancel)).Key;
            await database.Update(self, static row => row with { master = new Ref<host>("OpaqueRef:other") }, Cancel);
            await StartAsync(notices);
            await StartAsync(notices);
            message notice = Assert.Single(notices.All()).Row;
            Assert.Equal(("POOL_MASTER_TRANSITION", 4, cls.Host, identity.Uuid), (notice.name, notice.priority, notice.cls, notice.obj_uuid));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_vm_of_a_host_that_is_gone_is_halted_and_its_control_domain_goes()
    {
        await StartAsync();
        var lost = new Ref<host>("OpaqueRef:lost");
        Ref<VM> guest = await database.Create(new VM { uuid = "g", resident_on = lost, power_state = vm_power_state.Running, domid = 3 }, Cancel);
        Ref<VM> dom0 = await database.Create(new VM { uuid = "d", resident_on = lost, is_control_domain = true }, Cancel);
        await new CoordinatorRows(database, identity).VmsOfMissingHostsAsync(Cancel);
        VM row = await database.Get(guest, Cancel);
        Assert.Equal((vm_power_state.Halted, true, -1L), (row.power_state, row.resident_on.IsNull, row.domid));
        Assert.Null(await database.Find(dom0, Cancel));
    }

    [Fact]
    public async Task A_silent_member_is_dead_until_it_is_heard_and_one_that_stops_is_dead_at_once()
    {
        await StartAsync();
        Ref<host_metrics> metrics = await database.Create(new host_metrics { uuid = "m" }, Cancel);
        Ref<host> member = await database.Create(new host { uuid = "h", metrics = metrics }, Cancel);
        var clock = new ManualClock();
        var liveness = new HostLiveness(database, identity, TimeSpan.FromSeconds(600), clock, NullLogger.Instance);

        await liveness.HeardAsync(member, Cancel);
        clock.Seconds = 599;
        await liveness.SweepAsync(Cancel);
        Assert.True((await database.Get(metrics, Cancel)).live);
        clock.Seconds = 601;
        await liveness.SweepAsync(Cancel);
        Assert.False((await database.Get(metrics, Cancel)).live);
        await liveness.HeardAsync(member, Cancel);
        Assert.True((await database.Get(metrics, Cancel)).live);
        await liveness.StoppedAsync(member, Cancel);
        Assert.False((await database.Get(metrics, Cancel)).live);
    }

    [Fact]
    public async Task Tasks_of_a_host_that_started_anew_are_cancelled_and_others_are_not()
    {
        await StartAsync();
        var member = new Ref<host>("OpaqueRef:member");
        Ref<task> theirs = await database.Create(new task { uuid = "t1", resident_on = member, status = task_status_type.pending }, Cancel);
        Ref<task> ours = await database.Create(new task { uuid = "t2", resident_on = identity.Localhost, status = task_status_type.pending }, Cancel);
        await new CoordinatorRows(database, identity).EndTasksOfAsync(member, Cancel);
        task ended = await database.Get(theirs, Cancel);
        Assert.Equal(task_status_type.cancelled, ended.status);
        Assert.Equal(["TASK_CANCELLED", theirs.ToString()], ended.error_info);
        Assert.Equal(task_status_type.pending, (await database.Get(ours, Cancel)).status);
    }

    private async Task StartAsync(NoticeStore? notices = null)
    {
        var rows = new OwnRows(database, identity);
        Ref<host> self = await rows.FindAsync(Cancel);
        identity.Localhost = self.IsNull ? await rows.CreateAsync(facts, Cancel) : self;
        var coordinator = new CoordinatorRows(database, identity);
        await coordinator.PoolAsync(notices, Cancel);
        await coordinator.TemplatesAsync(Cancel);
        await rows.RefreshAsync(facts, Cancel);
    }

    private sealed class ManualClock : TimeProvider
    {
        internal long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}

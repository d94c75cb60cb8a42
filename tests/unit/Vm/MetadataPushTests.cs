using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Tests.Forwarding;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Events;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>What clients change of VMs that run reaches xenopsd, once, and only while the VM is at rest on this host.</summary>
public sealed class MetadataPushTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
    private readonly CancellationTokenSource stop = new();
    private readonly Xenopsd xenops = new();
    private readonly HostIdentity identity = new()
    {
        Uuid = "u", Address = "127.0.0.1", HttpPort = 1, IsCoordinator = true, CoordinatorAddress = "127.0.0.1", PoolSecret = "",
    };

    private Task running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAny(running);
        stop.Dispose();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task AChangeOfARunningVmIsToldAndWhatIsKnownIsNot()
    {
        Ref<VM> vm = await StartAsync();
        Assert.Equal(("known", ""), Told(await NextAsync()));
        // Neither is part of what xenopsd knows of a VM; the change after them is told alone.
        await database.Update(vm, static r => r with { name_description = "nobody", tags = ["t"] });
        await database.Update(vm, static r => r with { actions_after_crash = on_crash_behaviour.preserve, last_boot_CPU_flags = r.last_boot_CPU_flags.SetItem("features", "ff-0") });
        Metadata told = await NextAsync();
        Assert.Equal([VmAction.Pause], told.vm.on_crash);
        // The domain keeps the features that it has booted with.
        Assert.Equal(("known", "ff-0"), Told(told));
        await database.Update(vm, static r => r with { name_label = "renamed" });
        Assert.Equal(("renamed", "ff-0"), Told(await NextAsync()));
        Assert.False(xenops.Told.Reader.TryRead(out _));
    }

    [Fact]
    public async Task AnOperationUnderWayIsWaitedFor()
    {
        Ref<VM> vm = await StartAsync();
        await NextAsync();
        await database.Update(vm, static r => r with { current_operations = r.current_operations.SetItem("OpaqueRef:t", vm_operations.pool_migrate), name_label = "moving" });
        Ref<VM> other = await database.Create(Running("other"));
        Assert.Equal("other", (await NextAsync()).vm.name);
        await database.Update(vm, static r => r with { name_label = "arrived", current_operations = r.current_operations.Clear() });
        Assert.Equal("arrived", (await NextAsync()).vm.name);
        await database.Destroy(other);
    }

    /// <summary>Its xapi died while it moved: xenopsd still works on that, and would make the VM anew once it has left.</summary>
    [Fact]
    public async Task AVmThatMayHaveLeftIsNotToldOf()
    {
        Ref<VM> vm = await StartAsync();
        await NextAsync();
        await database.Update(vm, static r => r with { scheduled_to_be_resident_on = new Ref<host>("OpaqueRef:there"), name_label = "leaving" });
        await database.Create(Running("other"));
        Assert.Equal("other", (await NextAsync()).vm.name);
        await database.Update(vm, static r => r with { scheduled_to_be_resident_on = Ref<host>.Null });
        Assert.Equal("leaving", (await NextAsync()).vm.name);
    }

    /// <summary>The coordinator died before it passed the migration on: nobody else would ever say that the VM stays.</summary>
    [Fact]
    public async Task APromiseThatNobodyKeepsIsLookedInto()
    {
        Ref<VM> vm = await StartAsync(follow: true);
        await NextAsync();
        await database.Update(vm, static r => r with { scheduled_to_be_resident_on = new Ref<host>("OpaqueRef:there"), name_label = "stays" });
        Assert.Equal("stays", (await NextAsync()).vm.name);
        Assert.True((await database.Get(vm, CancellationToken.None)).scheduled_to_be_resident_on.IsNull);
    }

    [Fact]
    public async Task VmsOfOtherHostsAndHaltedOnesAreNotTold()
    {
        Ref<VM> vm = await StartAsync();
        await NextAsync();
        await database.Create(Running("elsewhere") with { resident_on = new Ref<host>("OpaqueRef:elsewhere") });
        await database.Create(Running("halted") with { power_state = vm_power_state.Halted });
        await database.Update(vm, static r => r with { name_label = "last" });
        Assert.Equal("last", (await NextAsync()).vm.name);
    }

    [Fact]
    public async Task WhatFailedIsToldLater()
    {
        xenops.Failures = 1;
        await StartAsync();
        Assert.Equal("known", (await NextAsync()).vm.name);
    }

    private static (string Name, string Features) Told(Metadata metadata) =>
        (metadata.vm.name, metadata.vm.platformdata.GetValueOrDefault("featureset", ""));

    /// <summary>Follows the changes of a database with one VM that runs here, and those of xenopsd when asked to.</summary>
    private async Task<Ref<VM>> StartAsync(bool follow = false)
    {
        identity.Localhost = await database.Create(new host { uuid = Guid.NewGuid().ToString() });
        Ref<VM> vm = await database.Create(Running("known"));
        DeviceUpdates devices = new(xenops, database, identity);
        XenopsEvents events = new(
            xenops, new XenopsTasks(xenops, new XenopsTaskLimits(Patience, Patience, Patience)), database, identity,
            new VmUpdates(xenops, database, identity, devices, NullLogger.Instance), devices, static _ => Task.FromResult<IReadOnlyList<string>>([]),
            NullLogger.Instance);
        running = new MetadataPush(
            RowChangeSources.Of(new EventFeed(database, Datamodel.Classes)), xenops, events, database, identity,
            new DeviceDescriber(database, new VdiStore(database, identity)), new PushedMetadata(), NullLogger.Instance).RunAsync(stop.Token);
        running = follow ? Task.WhenAll(running, events.RunAsync(stop.Token)) : running;
        return vm;
    }

    private VM Running(string name) => Stage.NewVm(Guid.NewGuid().ToString()) with
    {
        name_label = name,
        power_state = vm_power_state.Running,
        resident_on = identity.Localhost,
    };

    private Task<Metadata> NextAsync() => xenops.Told.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);

    private sealed class Xenopsd : FakeXenops
    {
        public Channel<Metadata> Told { get; } = Channel.CreateUnbounded<Metadata>();

        public int Failures { get; set; }

        public override Task<QueryResult> Query(string debug_info, CancellationToken cancel) => Task.FromResult(new QueryResult { instance_id = "i" });

        public override async Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
            string debug_info, long? last_id, long? timeout, CancellationToken cancel)
        {
            await Task.Delay(10, cancel);
            return ([], [], 1);
        }

        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
            Task.FromResult((VmMetadata.Build(Stage.NewVm(id)).vm, new VmState { power_state = PowerState.Running, domids = [7] }));

        public override Task<bool> VmExists(string debug_info, string id, CancellationToken cancel) => Task.FromResult(MigrationIds.Stem(id) == id);

        public override Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel)
        {
            if (Failures-- > 0)
            {
                throw XenopsError.Internal("away");
            }

            Metadata told = MetadataCodec.Read(JsonValueReader.Parse(System.Text.Encoding.UTF8.GetBytes(metadata)));
            Assert.True(Told.Writer.TryWrite(told));
            return Task.FromResult(told.vm.id);
        }
    }
}

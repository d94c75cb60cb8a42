using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Forwarding;
using Xunit;

namespace Toolstack.Tests.Forwarding;

public sealed class PolicyRunnerTests
{
    private const string Footprint = "274726912"; // 256 MiB + 6 MiB of overhead

    private readonly Stage stage = new();

    private static Task Nothing(CallContext call) => Task.CompletedTask;

    private static async Task<XenApiError> Fails(string code, Task work)
    {
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => work);
        Assert.Equal(code, error.Code);
        return error;
    }

    [Fact]
    public async Task TheOperationIsEnteredWhileTheMessageRuns()
    {
        VM? during = null;
        CallContext call = stage.Call();
        await stage.RunAsync(Stage.Policy(operation: "start"), _ =>
        {
            during = stage.Row;
            return Task.CompletedTask;
        }, call);

        Assert.Equal(vm_operations.start, during!.current_operations[call.TaskRef]);
        Assert.DoesNotContain(vm_operations.start, during.allowed_operations);
        Assert.Empty(stage.Row.current_operations);
        Assert.Contains(vm_operations.start, stage.Row.allowed_operations);
    }

    [Fact]
    public async Task ThePromiseIsOnDiskBeforeTheMessageRunsAndItsEndBeforeTheAnswer()
    {
        stage.Run(stage.Here);
        List<string> order = [];
        stage.Database.Flushed = () => order.Add(stage.Row.scheduled_to_be_resident_on.IsNull ? "free" : "promised");
        await stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), _ =>
        {
            order.Add("runs");
            return Task.CompletedTask;
        });
        Assert.Equal(["promised", "runs", "free"], order);
    }

    [Fact]
    public async Task AMessageThatLocksNothingWaitsForNoDisk()
    {
        stage.Database.Flushed = () => Assert.Fail("flushed");
        await stage.RunAsync(Stage.Policy(), static _ => Task.CompletedTask);
    }

    [Fact]
    public async Task AFailureReleasesLocksAndReservation()
    {
        stage.Run(stage.Here);
        await Fails("SOMETHING", stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), static _ => throw new XenApiError("SOMETHING")));
        Assert.Empty(stage.Row.current_operations);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
        Assert.Empty(stage.Database.Row(stage.There).current_operations);
        Assert.Contains(vm_operations.pool_migrate, stage.Row.allowed_operations);
    }

    [Fact]
    public async Task AnInvalidOperationNeverRuns()
    {
        XenApiError error = await Fails("VM_BAD_POWER_STATE",
            stage.RunAsync(Stage.Policy(operation: "pause"), static _ => throw new InvalidOperationException("ran")));
        Assert.Equal([stage.Vm.ToString(), "running", "halted"], error.Parameters);
    }

    /// <summary>The VM may have arrived: its memory stays promised, and its target knows it by that.</summary>
    [Theory]
    [InlineData(true)] // by its source
    [InlineData(false)] // for the source was lost
    public async Task AMigrationInDoubtKeepsItsPromise(bool told)
    {
        stage.Run(stage.Here);
        XenApiError error = told ? MigrationDoubt.Error(stage.Vm, stage.Here, stage.There, "no word") : new XenApiError("CANNOT_CONTACT_HOST", "h");
        await Fails(error.Code, stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), _ => throw error));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        Assert.Empty(stage.Row.current_operations);

        // Another try that fails for reasons of its own says nothing of where the VM is, and one to a third place could lose it.
        await Fails("HOST_STILL_BOOTING", stage.RunAsync(
            Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), static _ => throw new XenApiError("HOST_STILL_BOOTING")));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        stage.AddHost("third", live: true);
        await Fails("VM_MIGRATE_FAILED", stage.RunAsync(
            Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), static _ => throw new InvalidOperationException("ran"), target: new("OpaqueRef:third")));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);

        await stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), _ =>
        {
            stage.Set(row => row with { resident_on = stage.There, scheduled_to_be_resident_on = Ref<host>.Null });
            return Task.CompletedTask;
        });
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
        await Fails("HOST_STILL_BOOTING", stage.RunAsync(
            Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), static _ => throw new XenApiError("HOST_STILL_BOOTING"), target: stage.Here));
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    [Fact]
    public async Task MemoryIsReservedOnTheTargetWhileTheMessageRuns()
    {
        stage.Run(stage.Here);
        Ref<host> scheduled = Ref<host>.Null;
        host? during = null;
        CallContext call = stage.Call();
        await stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), _ =>
        {
            scheduled = stage.Row.scheduled_to_be_resident_on;
            during = stage.Database.Row(stage.There);
            return Task.CompletedTask;
        }, call);

        Assert.Equal(stage.There, scheduled);
        Assert.Equal(host_allowed_operations.vm_migrate, during!.current_operations[call.TaskRef]);
        Assert.DoesNotContain(host_allowed_operations.evacuate, during.allowed_operations);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
        Assert.Empty(stage.Database.Row(stage.There).current_operations);
    }

    [Fact]
    public async Task ATargetWithoutMemorySaysHowMuchIsMissing()
    {
        stage.Run(stage.Here);
        stage.AddHost("there", live: true, memory: 100 * Stage.MiB);
        XenApiError error = await Fails("HOST_NOT_ENOUGH_FREE_MEMORY",
            stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), static _ => throw new InvalidOperationException("ran")));
        Assert.Equal([Footprint, "104857600"], error.Parameters);
        Assert.Empty(stage.Row.current_operations);
    }

    [Fact]
    public async Task AnotherVmsReservationCounts()
    {
        stage.Run(stage.Here);
        stage.AddHost("there", live: true, memory: 400 * Stage.MiB);
        stage.Database.Add("OpaqueRef:other", Stage.NewVm("other") with { scheduled_to_be_resident_on = stage.There });
        XenApiError error = await Fails("HOST_NOT_ENOUGH_FREE_MEMORY", stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), Nothing));
        Assert.Equal([Footprint, "150994944"], error.Parameters);
    }

    [Fact]
    public async Task ADeadTargetIsOffline()
    {
        stage.Run(stage.Here);
        stage.AddHost("there", live: false);
        XenApiError error = await Fails("HOST_OFFLINE", stage.RunAsync(Stage.Policy(operation: "pool_migrate", reserve: "vm_migrate"), Nothing));
        Assert.Equal([stage.There.ToString()], error.Parameters);
    }

    [Fact]
    public async Task ARunningVmsMessageGoesToItsHostWithTheSameTask()
    {
        stage.Run(stage.There);
        CallContext call = stage.Call();
        await stage.RunAsync(Stage.Policy(Where.ResidentHost, "pause"), static _ => throw new InvalidOperationException("ran here"), call);
        var sent = Assert.Single(stage.Remote.Calls);
        Assert.Equal((stage.There.ToString(), "VM.test", call.TaskRef), (sent.Host, sent.Method, sent.Task));
        Assert.Equal(stage.Vm.ToString(), sent.Arguments[0].AsString());
        task row = stage.Database.Row(call.Task);
        Assert.True(row.forwarded);
        Assert.Equal(stage.There, row.forwarded_to);
    }

    [Fact]
    public async Task AMessageForThisHostRunsHere()
    {
        stage.Run(stage.Here);
        bool ran = false;
        await stage.RunAsync(Stage.Policy(Where.ResidentHost, "pause"), _ => Task.FromResult(ran = true));
        Assert.True(ran);
        Assert.Empty(stage.Remote.Calls);
    }

    [Fact]
    public async Task AHaltedVmIsTheCoordinatorsAffair()
    {
        bool ran = false;
        await stage.RunAsync(Stage.Policy(Where.ResidentHost), _ => Task.FromResult(ran = true));
        Assert.True(ran);
    }

    [Fact]
    public async Task TheHostOfAnArgumentIsCalled()
    {
        await stage.RunAsync(Stage.Policy(Where.ArgumentHost), Nothing);
        Assert.Equal(stage.There.ToString(), Assert.Single(stage.Remote.Calls).Host);
    }

    [Fact]
    public async Task AnElectedHostHasTheMemory()
    {
        stage.AddHost("here", live: true, memory: 100 * Stage.MiB);
        Ref<host> scheduled = Ref<host>.Null;
        stage.Remote.Answer = (_, _) =>
        {
            scheduled = stage.Row.scheduled_to_be_resident_on;
            return Task.FromResult(Value.Empty);
        };
        await stage.RunAsync(Stage.Policy(Where.ElectedHost, "start"), Nothing);
        Assert.Equal(stage.There.ToString(), Assert.Single(stage.Remote.Calls).Host);
        Assert.Equal(stage.There, scheduled);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
        Assert.Empty(stage.Database.Row(stage.There).current_operations);
    }

    /// <summary>The coordinator was started anew while another host started the VM for it, which may still be doing so.</summary>
    [Fact]
    public async Task AVmThatMayBeStartingGoesToTheSameHostAgainOrWaits()
    {
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        await CoordinatorStart.RunAsync(stage.Database, stage.Here, CancellationToken.None);
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        await Fails("OTHER_OPERATION_IN_PROGRESS", stage.RunAsync(
            Stage.Policy(operation: "start_on", reserve: "vm_start"), static _ => throw new InvalidOperationException("ran"), target: stage.Here));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        await stage.RunAsync(Stage.Policy(Where.ElectedHost, "start"), Nothing);
        Assert.Equal(stage.There.ToString(), Assert.Single(stage.Remote.Calls).Host);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    /// <summary>The other host was lost after it was told to start the VM: it may live there, and only there it may be started again.</summary>
    [Theory]
    [InlineData(Where.ElectedHost)]
    [InlineData(Where.ArgumentHost)]
    public async Task AStartThatWasSentAndNotAnsweredKeepsItsPromise(Where where)
    {
        MessagePolicy policy = where == Where.ElectedHost ? Stage.Policy(where, "start") : Stage.Policy(where, "start_on", reserve: "vm_start");
        stage.AddHost("here", live: true, memory: where == Where.ElectedHost ? 100 * Stage.MiB : 1024 * Stage.MiB);
        stage.Remote.Answer = static (_, _) => throw new XenApiError("CANNOT_CONTACT_HOST", "there");
        await Fails("CANNOT_CONTACT_HOST", stage.RunAsync(policy, Nothing));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        Assert.Empty(stage.Row.current_operations);
        Assert.Empty(stage.Database.Row(stage.There).current_operations);

        // Neither does it go elsewhere while that host is away, nor is it forgotten by a try that says nothing of it.
        stage.AddHost("here", live: true);
        stage.AddHost("there", live: false);
        await Fails("HOST_OFFLINE", stage.RunAsync(Stage.Policy(Where.ElectedHost, "start"), static _ => throw new InvalidOperationException("ran")));
        await Fails("OTHER_OPERATION_IN_PROGRESS", stage.RunAsync(
            Stage.Policy(operation: "start_on", reserve: "vm_start"), static _ => throw new InvalidOperationException("ran"), target: stage.Here));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        Assert.Single(stage.Remote.Calls);

        stage.AddHost("there", live: true);
        stage.Remote.Answer = static (_, _) => Task.FromResult(Value.Empty);
        await stage.RunAsync(Stage.Policy(Where.ElectedHost, "start"), Nothing);
        Assert.All(stage.Remote.Calls, call => Assert.Equal(stage.There.ToString(), call.Host));
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    [Fact]
    public async Task AStartThatNeverReachedItsHostMayGoElsewhere()
    {
        stage.Remote.Answer = static (_, _) => throw new XenApiError("CANNOT_CONTACT_HOST", "there") { NeverSent = true };
        await Fails("CANNOT_CONTACT_HOST", stage.RunAsync(Stage.Policy(Where.ArgumentHost, "start_on", reserve: "vm_start"), Nothing));
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
        await stage.RunAsync(Stage.Policy(operation: "start_on", reserve: "vm_start"), Nothing, target: stage.Here);
    }

    [Fact]
    public async Task AStartThatItsHostRefusedMayGoElsewhere()
    {
        stage.Remote.Answer = static (_, _) => throw new XenApiError("HOST_STILL_BOOTING");
        await Fails("HOST_STILL_BOOTING", stage.RunAsync(Stage.Policy(Where.ArgumentHost, "start_on", reserve: "vm_start"), Nothing));
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    /// <summary>The coordinator was started anew: that the member lives is known a little before how much memory it has.</summary>
    [Theory]
    [InlineData(Where.ElectedHost)]
    [InlineData(Where.ArgumentHost)]
    public async Task TheMemoryOfAHostThatHasJustBeenHeardIsWaitedFor(Where where)
    {
        stage.AddHost("here", live: true, memory: 100 * Stage.MiB);
        stage.AddHost("there", live: true, memory: 0);
        Task start = stage.RunAsync(where == Where.ElectedHost ? Stage.Policy(where, "start") : Stage.Policy(where, "start_on", reserve: "vm_start"), Nothing);
        Assert.False(start.IsCompleted);
        stage.AddHost("there", live: true);
        await start;
        Assert.Equal(stage.There.ToString(), Assert.Single(stage.Remote.Calls).Host);
    }

    /// <summary>What the coordinator itself was doing ended with it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task APromiseOfTheCoordinatorsOwnEndsWithIt(bool running)
    {
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.Here, resident_on = running ? stage.Here : Ref<host>.Null });
        await CoordinatorStart.RunAsync(stage.Database, stage.Here, CancellationToken.None);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    [Fact]
    public async Task WithoutAnyHostThereIsNone()
    {
        stage.AddHost("here", live: false);
        stage.AddHost("there", live: false);
        await Fails("NO_HOSTS_AVAILABLE", stage.RunAsync(Stage.Policy(Where.ElectedHost, "start"), Nothing));
        Assert.Empty(stage.Row.current_operations);
    }

    [Fact]
    public async Task TheOtherHostsErrorIsPassedOnUnchanged()
    {
        stage.Run(stage.There);
        stage.Remote.Answer = static (_, _) => throw new XenApiError("VM_FAILED_SHUTDOWN_ACK", "a", "b");
        XenApiError error = await Fails("VM_FAILED_SHUTDOWN_ACK", stage.RunAsync(Stage.Policy(Where.ResidentHost, "clean_shutdown"), Nothing));
        Assert.Equal(["a", "b"], error.Parameters);
        Assert.Empty(stage.Row.current_operations);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task AForwardedCallAndAMemberRunAtOnce(bool coordinator, bool forwarded)
    {
        stage.Identity = new()
        {
            Uuid = "u", Localhost = stage.Here, Address = "", HttpPort = 1, IsCoordinator = coordinator, CoordinatorAddress = "", PoolSecret = "",
        };
        stage.Run(stage.There);
        bool locked = true;
        await stage.RunAsync(Stage.Policy(Where.ResidentHost, "pause"), _ =>
        {
            locked = !stage.Row.current_operations.IsEmpty;
            return Task.CompletedTask;
        }, stage.Call(forwarded));
        Assert.False(locked);
        Assert.Empty(stage.Remote.Calls);
    }

    [Fact]
    public async Task ForceMovesAnImmobileVm()
    {
        stage.Run(stage.Here);
        stage.Set(static row => row with { platform = row.platform.SetItem("nomigrate", "true") });
        await Fails("VM_IS_IMMOBILE", stage.RunAsync(Stage.Policy(operation: "pool_migrate"), Nothing));
        await stage.RunAsync(Stage.Policy(operation: "pool_migrate"), Nothing,
            options: new Value.Struct([KeyValuePair.Create<string, Value>("force", new Value.Text("True"))]));
    }
}

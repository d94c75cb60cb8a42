using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Tests.Forwarding;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>What the messages of a VM's life ask of xenopsd, and what they leave in the database.</summary>
public sealed class VmOperationsTests
{
    private readonly Stage stage = new();
    private readonly Domain domain = new();

    [Theory]
    [InlineData(0, 1200)]
    [InlineData(30, 30)]
    [InlineData(long.MaxValue, 86400)]
    public async Task AShutdownGivesTheGuestTheTimeThatTheVmHas(long delay, double expected)
    {
        stage.Run(stage.Here);
        stage.Set(row => row with { shutdown_delay = delay });
        await Operations().shutdown(stage.Call(), stage.Vm);
        Assert.Equal([expected], domain.Delays);
        Assert.Equal(vm_power_state.Halted, stage.Row.power_state);
    }

    [Fact]
    public async Task AGuestThatDoesNotComplyIsEnded()
    {
        stage.Run(stage.Here);
        domain.IsDeaf = true;
        await Operations().shutdown(stage.Call(), stage.Vm);
        Assert.Equal([1200, null], domain.Delays);
        Assert.Equal(vm_power_state.Halted, stage.Row.power_state);
    }

    /// <summary>From when somebody starts it until somebody ends it, also when the guest does not comply.</summary>
    [Fact]
    public async Task AVmThatIsToBeRestartedIsProtectedWhileItIsToRun()
    {
        stage.Set(row => row with { ha_restart_priority = "restart", scheduled_to_be_resident_on = stage.Here });
        VMMessages operations = Operations();
        domain.State = PowerState.Halted;
        await operations.start(stage.Call(), stage.Vm, start_paused: false, force: false);
        Assert.Equal((vm_power_state.Running, true), (stage.Row.power_state, stage.Row.ha_always_run));
        domain.IsDeaf = true;
        await Assert.ThrowsAsync<XenApiError>(() => operations.clean_shutdown(stage.Call(), stage.Vm));
        Assert.Equal((vm_power_state.Running, false), (stage.Row.power_state, stage.Row.ha_always_run));
    }

    [Theory]
    [InlineData(true)] // by hand
    [InlineData(false)]
    public async Task AVmThatNeedNotBeRestartedIsAsItWas(bool protect)
    {
        stage.Set(row => row with { ha_always_run = protect, scheduled_to_be_resident_on = stage.Here });
        domain.State = PowerState.Halted;
        await Operations().start(stage.Call(), stage.Vm, start_paused: false, force: false);
        Assert.Equal((vm_power_state.Running, protect), (stage.Row.power_state, stage.Row.ha_always_run));
    }

    /// <summary>The guest goes on with the CPU it knows: a host that lacks it is refused, and not chosen where another has it.</summary>
    [Fact]
    public async Task ASuspendedVmIsResumedWhereItsCpuIs()
    {
        Ref<VDI> image = stage.Database.Add("OpaqueRef:image", new VDI { uuid = "image" });
        stage.Set(row => row with
        {
            power_state = vm_power_state.Suspended,
            suspend_VDI = image,
            scheduled_to_be_resident_on = stage.Here,
            last_boot_CPU_flags = row.last_boot_CPU_flags.SetItem("features", "00000003"),
        });
        await CpuAsync(stage.Here, "00000001");
        await CpuAsync(stage.There, "00000003");
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => Operations().resume(stage.Call(), stage.Vm, start_paused: false, force: false));
        Assert.Equal(("VM_INCOMPATIBLE_WITH_THIS_HOST", stage.Here.ToString()), (error.Code, error.Parameters[1]));
        Assert.Equal((vm_power_state.Suspended, image), (stage.Row.power_state, stage.Row.suspend_VDI));

        stage.Set(static row => row with { scheduled_to_be_resident_on = Ref<host>.Null, suspend_VDI = Ref<VDI>.Null });
        HostChooser chooser = new(stage.Database, static () => 0);
        Assert.Equal(stage.There, await chooser.ChooseAsync(stage.Vm, stage.Row, coordinatorBias: true, stage.Here, CancellationToken.None));
        await CpuAsync(stage.There, "00000001");
        await CpuAsync(stage.Here, "00000003");
        Assert.Equal(stage.Here, await chooser.ChooseAsync(stage.Vm, stage.Row, coordinatorBias: true, stage.Here, CancellationToken.None));
        Assert.Equal([stage.Here], await chooser.PossibleAsync(stage.Vm, stage.Row, CancellationToken.None));
    }

    private async Task CpuAsync(Ref<host> self, string features) =>
        await stage.Database.Update(self, row => row with { cpu_info = row.cpu_info.SetItem("features_hvm", features) }, CancellationToken.None);

    private VmOperations Operations()
    {
        XapiDatabase database = stage.Database;
        XenopsTasks tasks = new(domain, new XenopsTaskLimits(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60)));
        DeviceUpdates devices = new(domain, database, stage.Identity);
        XenopsEvents events = new(domain, tasks, database, stage.Identity, new VmUpdates(domain, database, stage.Identity, devices, NullLogger.Instance), devices,
            static _ => Task.FromResult<IReadOnlyList<string>>([]), NullLogger.Instance);
        VdiStore store = new(database, stage.Identity);
        LocalXenops local = new(domain, tasks, events, null!, new DeviceDescriber(database, store), new PoolCpu(database), new PushedMetadata());
        return new VmOperations(database, stage.Identity, local, new HostChooser(database, static () => 0), stage.Remote,
            new VmSettings(TimeSpan.FromSeconds(1200), 1) { DoubtDeadline = TimeSpan.FromSeconds(1) }, store, devices, new StartsAtWork(), NullLogger.Instance);
    }

    /// <summary>A xenopsd with one VM.</summary>
    private sealed class Domain : FakeXenops
    {
        private bool refused;

        public PowerState State { get; set; } = PowerState.Running;

        /// <summary>The guest does not answer a request to shut down.</summary>
        public bool IsDeaf { get; set; }

        public List<double?> Delays { get; } = [];

        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
            Task.FromResult((VmMetadata.Build(Stage.NewVm(id)).vm, new VmState { power_state = State, domids = State == PowerState.Halted ? [] : [7] }));

        public override Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel) => Task.FromResult(Stage.VmId);

        public override Task VmRemove(string debug_info, string id, CancellationToken cancel) => Task.CompletedTask;

        public override Task<string> VmStart(string debug_info, string id, bool paused, CancellationToken cancel) => BecomeAsync(PowerState.Paused);

        public override Task<string> VmUnpause(string debug_info, string id, CancellationToken cancel) => BecomeAsync(PowerState.Running);

        public override Task<string> VmShutdown(string debug_info, string id, double? delay, CancellationToken cancel)
        {
            Delays.Add(delay);
            refused = IsDeaf && delay is not null;
            return BecomeAsync(refused ? State : PowerState.Halted);
        }

        public override Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel) => Task.FromResult(new TaskInfo
        {
            id = id,
            dbg = debug_info,
            state = refused
                ? new TaskState.Failed(new XenopsErrorValue.Failed_to_acknowledge_shutdown_request())
                : new TaskState.Completed(new TaskCompletion()),
        });

        public override Task<TaskInfo> TaskTake(string debug_info, string id, double timeout, CancellationToken cancel) => TaskStat(debug_info, id, cancel);

        public override Task TaskDestroy(string debug_info, string id, CancellationToken cancel) => Task.CompletedTask;

        private Task<string> BecomeAsync(PowerState state)
        {
            State = state;
            return Task.FromResult("1");
        }
    }
}

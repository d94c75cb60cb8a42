using Xunit;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Tests.Simulator;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.Server;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.Tests.Xenopsd;

/// <summary>One host of a test: an engine on the simulator, its service, and a stand-in for its xapi.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private const long MiB = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Guests of a busy machine are slow to answer, and no test here is about those that do not.</summary>
    private static readonly DomainOptions Domains = new() { SuspendAckTimeout = Patience };

    private readonly string directory;
    private readonly SimulatedMachine machine;
    private bool stopped;
    private bool inherited;

    private TestHost(IBackend backend, SimulatedMachine machine, string directory, Cut? cut, bool original, TimeSpan ask, TimeSpan unclaimed, PhaseTimes phases)
    {
        this.machine = machine;
        this.directory = directory;
        string handOver = Path.Combine(directory, "forwarded");
        Engine = new Engine(
            new EngineOptions(Path.Combine(directory, "db"), handOver, Path.Combine(directory, "hooks"), 4, SaveOptions.Default)
            {
                Phases = phases,
                Recovery = new RecoveryTimes(ask, Pause: TimeSpan.FromMilliseconds(10), Retry: TimeSpan.FromMilliseconds(50), unclaimed),
            },
            backend,
            NullLogger.Instance);
        Service = new XenopsService(Engine, () => { });
        var gateway = new XenopsGateway(Service);
        Xapi = new XapiStandIn(original ? new SilentGateway(gateway) : gateway, handOver, cut);
    }

    internal Engine Engine { get; }

    internal XenopsService Service { get; }

    internal XapiStandIn Xapi { get; }

    /// <summary>Where the administrator's scripts stand.</summary>
    internal string Hooks => Path.Combine(directory, "hooks");

    /// <param name="ask">How long a source in doubt asks; as long as a test lasts if nothing is said.</param>
    /// <param name="former">The xenopsd before this one, which has stopped: its machine and its directory are taken over.</param>
    internal static async Task<TestHost> StartAsync(Func<IBackend, IBackend>? wrap = null, long memoryMib = 256, Cut? cut = null, bool original = false,
        TimeSpan? ask = null, TimeSpan? unclaimed = null, TestHost? former = null, PhaseTimes? phases = null)
    {
        var machine = former?.machine ?? new SimulatedMachine(memoryMib);
        IBackend backend = await machine.OpenBackendAsync(Domains);
        string directory = former?.directory ?? Directory.CreateTempSubdirectory("xenopsd-test-").FullName;
        former?.inherited = true;
        var host = new TestHost(wrap?.Invoke(backend) ?? backend, machine, directory, cut, original, ask ?? Patience, unclaimed ?? Patience, phases ?? PhaseTimes.Default);
        await host.Engine.StartAsync(CancellationToken.None);
        host.Xapi.Start();
        return host;
    }

    internal static Vm MakeVm(string id, long memoryMib = 32, params (string Key, string Value)[] platform) => new()
    {
        id = id,
        name = "guest",
        platformdata = platform.ToImmutableSortedDictionary(static p => p.Key, static p => p.Value, StringComparer.Ordinal),
        ty = new BuilderInfo.PVH(new PvInfo { boot = new PvBoot.Direct(new DirectBoot()) }),
        memory_static_max = memoryMib * MiB,
        memory_dynamic_max = memoryMib * MiB,
        memory_dynamic_min = memoryMib * MiB,
        vcpu_max = 1,
        vcpus = 1,
        on_shutdown = [VmAction.Shutdown],
        on_reboot = [VmAction.Start],
        on_crash = [VmAction.Shutdown],
    };

    /// <summary>A VM that runs on this host.</summary>
    internal async Task<string> RunVmAsync(long memoryMib = 32, params (string Key, string Value)[] platform)
    {
        string id = Guid.NewGuid().ToString();
        await Service.VmAdd("test", MakeVm(id, memoryMib, platform), CancellationToken.None);
        await EndAsync(await Service.VmStart("test", id, false, CancellationToken.None));
        await EndAsync(await Service.VmUnpause("test", id, CancellationToken.None));
        return id;
    }

    /// <summary>A VM that runs here with all the memory it may have, and whose guest can give some of it back.</summary>
    internal async Task<string> RunBalloonAsync(long memoryMib, long leastMib)
    {
        string id = Guid.NewGuid().ToString();
        Vm vm = MakeVm(id, memoryMib, ("sim-working-set-mib", "4")) with { memory_dynamic_min = leastMib * MiB };
        await Service.VmAdd("test", vm, CancellationToken.None);
        await EndAsync(await Service.VmStart("test", id, false, CancellationToken.None));
        await EndAsync(await Service.VmUnpause("test", id, CancellationToken.None));
        using var deadline = new CancellationTokenSource(Patience);
        while (!(await Service.VmStat("test", id, deadline.Token)).state.guest_agent.ContainsKey("control/feature-balloon"))
        {
            await Task.Delay(5, deadline.Token);
        }

        return id;
    }

    internal Task<string> MigrateAsync(string id, TestHost destination, bool compress = false, string options = "") => Service.VmMigrate(
        "test", id, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, Network>.Empty,
        ImmutableSortedDictionary<string, PciAddress>.Empty, destination.Xapi.Url + options, compress, false, false, CancellationToken.None);

    /// <summary>Waits for the end of a task as clients do, by its events.</summary>
    internal async Task<TaskState> WaitAsync(string task)
    {
        using var deadline = new CancellationTokenSource(Patience);
        long last = 0;
        while (true)
        {
            var state = (await Service.TaskStat("test", task, deadline.Token)).state;
            if (state is not TaskState.Pending)
            {
                return state;
            }

            (_, _, last) = await Service.UpdatesGet("test", last, 30, deadline.Token);
        }
    }

    /// <summary>Waits for success and gives the result.</summary>
    internal async Task<string?> EndAsync(string task)
    {
        var state = await WaitAsync(task);
        Assert.True(state is TaskState.Completed, state.ToString());
        return ((TaskState.Completed)state).completion.result;
    }

    internal async Task<XenopsErrorValue> FailureAsync(string task) => Assert.IsType<TaskState.Failed>(await WaitAsync(task)).error;

    internal async Task<string> ScriptAsync(string id, string script) =>
        await EndAsync(await Service.VmRunScript("test", id, script, CancellationToken.None)) ?? "";

    internal async Task<PowerState> PowerStateAsync(string id) => (await Service.VmStat("test", id, CancellationToken.None)).state.power_state;

    /// <summary>The VM runs here, its guest is alive and its memory is what it wrote.</summary>
    internal async Task AssertRunsAsync(string id)
    {
        Assert.Equal(PowerState.Running, await PowerStateAsync(id));
        ulong before = ulong.Parse(await ScriptAsync(id, "counter"));
        using var deadline = new CancellationTokenSource(Patience);
        while (ulong.Parse(await ScriptAsync(id, "counter")) <= before)
        {
            await Task.Delay(5, deadline.Token);
        }

        Assert.Contains(" errors=0 ", await ScriptAsync(id, "verify-memory"), StringComparison.Ordinal);
    }

    /// <summary>Nothing of any VM is here: no domain, no metadata. What a failed migration made goes soon after the source knows.</summary>
    internal async Task AssertEmptyAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (Engine.Backend.ListDomains().Count > 0 || Engine.Store.Ids.Length > 0 || Engine.Scheduler.Snapshot().Count > 0)
        {
            await Task.Delay(5, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!inherited)
        {
            await machine.DisposeAsync();
            await DeleteAsync(directory);
        }
    }

    /// <summary>An operation that was under way when xenopsd ended may write its last file now.</summary>
    private static async Task DeleteAsync(string directory)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (Directory.Exists(directory))
        {
            try
            {
                Directory.Delete(directory, recursive: true);
            }
            catch (IOException) when (!deadline.IsCancellationRequested)
            {
                await Task.Delay(5, CancellationToken.None);
            }
        }
    }

    /// <summary>Ends xenopsd, so to say. The machine and its domains go on.</summary>
    internal async Task<TestHost> StopAsync()
    {
        if (!stopped)
        {
            stopped = true;
            await Xapi.DisposeAsync();
            await Engine.DisposeAsync();
        }

        return this;
    }

    /// <summary>The power of the machine fails and comes back while xenopsd lives: every domain is gone, and domids begin anew.</summary>
    internal Task LoseMachineAsync() => machine.RestartAsync();

    /// <summary>Makes a call of the machine's fail (see FaultSyntax).</summary>
    internal async Task FaultAsync(string text)
    {
        using var connection = machine.Connect();
        await new HypercallsClient(connection).Fault(text, CancellationToken.None);
    }

    /// <summary>What a debugger finds in a guest, running or not.</summary>
    internal Task<string> InspectAsync(long domid, string script) => machine.InspectAsync((int)domid, script);

    /// <summary>A connection to the machine's xenstore as domain 0; the caller's.</summary>
    internal Task<XenstoreClient> ConnectStoreAsync() => XenstoreClient.ConnectAsync(machine.XenstorePath, null, CancellationToken.None);

    /// <summary>The power of the machine fails and comes back, after xenopsd has ended: every domain is gone.</summary>
    internal async Task<TestHost> RestartMachineAsync()
    {
        await StopAsync();
        await machine.RestartAsync();
        return this;
    }
}

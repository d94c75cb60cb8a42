using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.Server;
using Toolstack.XenSimulator;
using Toolstack.XenSimulator.Host;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>A simulated host that outlives the xenopsd on it, which can die at any step and be started again.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    internal const long Mib = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string directory = Directory.CreateTempSubdirectory("engine-test-").FullName;
    private readonly SimulatorInstance simulator;
    private readonly bool plugsInOneStep;
    private readonly Func<IHypervisor, IHypervisor> wrap;

    private EngineHost(bool plugsInOneStep, Func<IHypervisor, IHypervisor> wrap)
    {
        (this.plugsInOneStep, this.wrap) = (plugsInOneStep, wrap);
        simulator = new SimulatorInstance(In("hypervisor"), new HostOptions(256 * Mib, 2, In("xenstore")), NullLogger.Instance);
    }

    internal Engine Engine { get; private set; } = null!;

    internal XenopsService Service { get; private set; } = null!;

    /// <summary>The step before which xenopsd dies, counted from now on; 0 for none.</summary>
    internal int DiesAt { get; set; }

    internal bool Died { get; private set; }

    internal static async Task<EngineHost> StartAsync(bool plugsInOneStep = true, Func<IHypervisor, IHypervisor>? wrap = null)
    {
        EngineHost host = new(plugsInOneStep, wrap ?? (static h => h));
        await host.OpenAsync();
        return host;
    }

    internal string In(string name) => Path.Combine(directory, name);

    /// <summary>A new xenopsd takes the host over, and has looked at everything there is.</summary>
    internal async Task RestartAsync()
    {
        await Engine.DisposeAsync();
        Died = false;
        DiesAt = 0;
        await OpenAsync();
        await IdleAsync();
    }

    private static Vm MakeVm(string id) => TestHost.MakeVm(id, 16) with
    {
        ty = new BuilderInfo.PVH(new PvInfo { boot = new PvBoot.Direct(new DirectBoot { kernel = "/boot/guest" }) }),
    };

    /// <summary>A VM with a disk and an interface, halted.</summary>
    internal async Task<string> AddVmAsync()
    {
        string id = Guid.NewGuid().ToString();
        string disk = In($"disk-{id}");
        await File.WriteAllBytesAsync(disk, new byte[4096]);
        await Service.VmAdd("test", MakeVm(id), default);
        await Service.VbdAdd("test", new Vbd { id = (id, "xvda"), position = (DiskBus.Xen, 0, 0), backend = new Disk.Local(disk) }, default);
        await Service.VifAdd("test", new Vif { id = (id, "0"), mac = "02:00:00:00:00:01" }, default);
        return id;
    }

    internal async Task RunAsync(string id)
    {
        await EndAsync(await Service.VmStart("test", id, false, default));
        await EndAsync(await Service.VmUnpause("test", id, default));
    }

    /// <summary>Waits for a task and requires that it succeeds.</summary>
    internal async Task EndAsync(string task) => Assert.IsType<TaskState.Completed>(await WaitAsync(task));

    internal async Task<TaskState> WaitAsync(string task)
    {
        await Engine.Tasks.Find(task).Ended.WaitAsync(Patience);
        return (await Service.TaskStat("test", task, default)).state;
    }

    internal async Task<PowerState> PowerStateAsync(string id) => (await Service.VmStat("test", id, default)).state.power_state;

    /// <summary>A connection to xenstore as domain 0; the caller's.</summary>
    internal Task<XenstoreClient> ConnectStoreAsync() => XenstoreClient.ConnectAsync(In("xenstore"), null, default);

    internal Task<string> ScriptAsync(string id, string script) => Engine.Backend.RunScriptAsync(id, script, default);

    /// <summary>The paths of xenstore that tell of a VM or of its domain.</summary>
    internal async Task<IReadOnlyList<string>> NodesAsync(string id)
    {
        var store = await XenstoreClient.ConnectAsync(In("xenstore"), null, default);
        await using (store)
        {
            List<string> left = [];
            foreach (string path in new[] { $"/vm/{id}", $"/xapi/{id}" })
            {
                left.AddRange((await store.DirectoryAsync(path, default)).Select(child => $"{path}/{child}"));
            }

            foreach (string root in new[] { "/local/domain", "/xenops/domain", "/libxl" })
            {
                left.AddRange((await store.DirectoryAsync(root, default)).Where(static d => d != "0" && char.IsAsciiDigit(d[0])).Select(child => $"{root}/{child}"));
            }

            return left;
        }
    }

    /// <summary>Waits until it has died.</summary>
    internal async Task DeathAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!Died)
        {
            await Task.Delay(2, deadline.Token);
        }

        await IdleAsync();
    }

    internal async Task IdleAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (Engine.Scheduler.Snapshot().Count > 0)
        {
            await Task.Delay(2, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await simulator.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private async Task OpenAsync()
    {
        var backend = await DomainBackend.OpenAsync(
            wrap(new SimulatedHypervisor(In("hypervisor"))),
            new DomainOptions { KeepFreeKib = 0, RunHotplugScripts = false, BackEndOpensFiles = true, AttachedDisksPath = In("attached"), SuspendAckTimeout = Patience },
            NullLogger.Instance, default);
        Engine = new Engine(
            new EngineOptions(In("db"), In("forwarded"), In("hooks"), 4, SaveOptions.Default) { AtomicBoundary = Step, PlugsInOneStep = plugsInOneStep },
            backend, NullLogger.Instance);
        Service = new XenopsService(Engine, static () => { });
        await Engine.StartAsync(default);
    }

    /// <summary>A dead process does no further step and takes nothing back: this exception is none that the executor knows.</summary>
    private void Step()
    {
        if (Died || (DiesAt > 0 && --DiesAt == 0))
        {
            Died = true;
            throw new ProcessDied();
        }
    }

    internal sealed class ProcessDied() : Exception("the process is dead");
}

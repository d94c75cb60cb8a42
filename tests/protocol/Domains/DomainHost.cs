using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Contract;
using Toolstack.XenSimulator;
using Toolstack.XenSimulator.Host;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>A simulated host of a test with a domain backend on it, which can end and begin again while the host goes on.</summary>
internal sealed class DomainHost : IAsyncDisposable
{
    internal const long Mib = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string directory = Directory.CreateTempSubdirectory("domains-test-").FullName;
    private readonly DomainOptions options;

    private DomainHost(long memoryMib, DomainOptions options)
    {
        this.options = options;
        Simulator = new SimulatorInstance(
            HypercallPath, new HostOptions(memoryMib * Mib, 2, Path.Combine(directory, "xenstore")), NullLogger.Instance);
    }

    internal SimulatorInstance Simulator { get; }

    internal DomainBackend Backend { get; private set; } = null!;

    internal SimulatedHypervisor Hypervisor { get; private set; } = null!;

    /// <summary>A connection of the test's own, as domain 0.</summary>
    internal XenstoreClient Store { get; private set; } = null!;

    internal string HypercallPath => Path.Combine(directory, "hypervisor");

    internal IDeviceBackend Devices => Backend.Devices;

    internal static async Task<DomainHost> StartAsync(long memoryMib = 512, DomainOptions? options = null)
    {
        DomainHost host = new(memoryMib, options ?? new DomainOptions { KeepFreeKib = 0, RunHotplugScripts = false, BackEndOpensFiles = true });
        host.Store = await XenstoreClient.ConnectAsync(Path.Combine(host.directory, "xenstore"), null, CancellationToken.None);
        await host.OpenAsync();
        return host;
    }

    internal async Task OpenAsync()
    {
        Hypervisor = new SimulatedHypervisor(HypercallPath);
        Backend = await DomainBackend.OpenAsync(Hypervisor, options, NullLogger.Instance, CancellationToken.None);
    }

    /// <summary>The backend's process ends without a word and a new one begins.</summary>
    internal async Task RestartAsync()
    {
        await Backend.DisposeAsync();
        await OpenAsync();
    }

    internal static string NewId() => Guid.NewGuid().ToString();

    internal static DomainConfig Config(string vm, long mib, params (string Key, string Value)[] platform) => Config(vm, mib, mib, platform);

    internal static DomainConfig Config(string vm, long minMib, long maxMib, params (string Key, string Value)[] platform)
    {
        var keys = platform.ToImmutableSortedDictionary(static p => p.Key, static p => p.Value, StringComparer.Ordinal);
        Vm record = new()
        {
            id = vm,
            name = "guest",
            ty = new BuilderInfo.PVH(new PvInfo { boot = new PvBoot.Direct(new DirectBoot { kernel = "/boot/guest" }) }),
            platformdata = keys,
            memory_static_max = maxMib * Mib,
            memory_dynamic_max = maxMib * Mib,
            memory_dynamic_min = minMib * Mib,
            vcpu_max = 2,
            vcpus = 2,
        };
        return new DomainConfig(vm, "guest", maxMib * Mib, maxMib * Mib, maxMib * Mib, 2, 2, keys, null)
        {
            Description = new DomainDescription(record, [], [], [], [], []),
        };
    }

    /// <summary>A VM that runs; its id.</summary>
    internal async Task<string> RunAsync(DomainConfig? config = null)
    {
        config ??= Config(NewId(), 16);
        await Backend.CreateAsync(config, default);
        await Backend.BuildAsync(config.VmId, default);
        await Devices.SetActionRequestAsync(config.VmId, null, default);
        await Backend.UnpauseAsync(config.VmId, default);
        return config.VmId;
    }

    internal Task<string> ScriptAsync(string vm, string script) => Backend.RunScriptAsync(vm, script, default);

    internal async Task<ulong> CounterAsync(string vm) => ulong.Parse(await ScriptAsync(vm, "counter"));

    internal int Domid(string vm) => Backend.GetStatus(vm)!.Domid;

    internal Task<string?> ReadAsync(string path) => Store.ReadAsync(path, CancellationToken.None);

    /// <summary>Every node there is but the backend's standing directories.</summary>
    internal async Task<IReadOnlyList<string>> NodesAsync(string root)
    {
        List<string> found = [];
        foreach (string child in await Store.DirectoryAsync(root, CancellationToken.None))
        {
            string path = root == "/" ? "/" + child : $"{root}/{child}";
            found.Add(path);
            found.AddRange(await NodesAsync(path));
        }

        return found;
    }

    internal static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(5, deadline.Token);
        }
    }

    internal static Task Eventually(Func<bool> condition) => Eventually(() => Task.FromResult(condition()));

    public async ValueTask DisposeAsync()
    {
        await Backend.DisposeAsync();
        await Store.DisposeAsync();
        await Simulator.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}

using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.XenSimulator;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Host;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Simulator;

namespace Toolstack.Tests.Simulator;

/// <summary>A simulated host inside the test's process, with its sockets in a directory of its own, and a client of it.</summary>
internal sealed class SimulatedMachine : IAsyncDisposable
{
    public const long Mib = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string directory = Directory.CreateTempSubdirectory("simulator-").FullName;
    private readonly HostOptions options;
    private SimulatorInstance instance;

    public SimulatedMachine(long memoryMib = 4096)
    {
        options = new HostOptions(memoryMib * Mib, 4, Path.Combine(directory, "xenstore"));
        instance = new SimulatorInstance(HypervisorPath, options, NullLogger.Instance);
        Hypervisor = new SimulatedHypervisor(HypervisorPath);
    }

    public string HypervisorPath => Path.Combine(directory, "hypervisor");

    public string XenstorePath => options.XenstorePath;

    public SimulatedHypervisor Hypervisor { get; }

    /// <summary>The raw calls, on a connection of its own that the caller disposes.</summary>
    public HypercallConnection Connect() => HypercallConnection.Open(HypervisorPath);

    /// <summary>A paused domain with a booted guest.</summary>
    public async Task<int> BuildAsync(long mib, params (string Key, string Value)[] platform)
    {
        var domid = Create(mib, platform);
        await Hypervisor.BuildAsync(domid, Image(mib), default);
        return domid;
    }

    public int Create(long mib, params (string Key, string Value)[] platform)
    {
        var domid = Hypervisor.Create(new NewDomain(
            Guid.NewGuid(), GuestKind.Pvh, 2, 64, true, false, platform.ToDictionary(p => p.Key, p => p.Value)));
        Hypervisor.SetMaxMemory(domid, (mib + 1) * Mib);
        return domid;
    }

    public static GuestImage Image(long mib, long? target = null) =>
        new(GuestKind.Pvh, "builtin", "", null, mib * Mib, (target ?? mib) * Mib, 1, 2, 2, null);

    public static async Task EventuallyAsync(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException("the condition never came true");
            }

            await Task.Delay(5);
        }
    }

    /// <summary>What xenopsd runs on this machine: domains over its hypercalls and its xenstore. The caller disposes it; the domains stay.</summary>
    public Task<DomainBackend> OpenBackendAsync(DomainOptions? domains = null) => DomainBackend.OpenAsync(
        new SimulatedHypervisor(HypervisorPath),
        (domains ?? new DomainOptions()) with { KeepFreeKib = 0, RunHotplugScripts = false, BackEndOpensFiles = true },
        NullLogger.Instance,
        default);

    /// <summary>The answer of a guest's memory, whether the guest runs or not.</summary>
    public async Task<string> InspectAsync(int domid, string script)
    {
        using var connection = Connect();
        return await new HypercallsClient(connection).Inspect(domid, script, default);
    }

    /// <summary>The power comes back: every domain is gone.</summary>
    public async Task RestartAsync()
    {
        await instance.DisposeAsync();
        instance = new SimulatorInstance(HypervisorPath, options, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await Hypervisor.DisposeAsync();
        await instance.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}

using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool of two hosts for the tests of one class, on addresses no other class uses. Tests leave it as they found it: all daemons
/// running, no VM left.</summary>
public class PoolFixture : IAsyncLifetime
{
    private static int next = 15;

    /// <summary>The whole of a test, so that nothing hangs.</summary>
    internal static readonly TimeSpan TestDeadline = TimeSpan.FromSeconds(100);

    public DevelopmentPool Pool { get; private set; } = null!;

    public XenApiClient Client { get; private set; } = null!;

    protected virtual PoolOptions Options => new();

    /// <summary>Options with an address prefix of their own.</summary>
    internal static PoolOptions Unique(PoolOptions options) => options with
    {
        AddressPrefix = string.Create(CultureInfo.InvariantCulture, $"127.0.{Interlocked.Increment(ref next)}."),
    };

    public virtual async ValueTask InitializeAsync()
    {
        using var deadline = new CancellationTokenSource(TestDeadline);
        Pool = await DevelopmentPool.StartAsync(Unique(Options), deadline.Token);
        Client = await Pool.LoginAsync(deadline.Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Pool is not null)
        {
            await Pool.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>A VM that runs on host number <paramref name="host"/> (1 or 2), and is destroyed with the result.</summary>
    internal async Task<RunningVm> StartVmAsync(CancellationToken cancel, int memoryMib = 64, int host = 1)
    {
        var vm = await TestVm.CreateAsync(Client, "test", memoryMib, dirtyPagesPerSecond: 500, cancel);
        await Client.CallAsync("VM.start_on", cancel, vm, await HostRefAsync(host, cancel), false, false);
        return new RunningVm(this, vm);
    }

    /// <summary>The last that the daemons of every host logged, for the text of a failure.</summary>
    internal string LogTails() => string.Join('\n', Pool.Hosts.Select(static h => $"host {h.Number}:\n{h.Xenopsd.LogTail()}\n{h.Xapi.LogTail()}"));

    internal Task<string> HostRefAsync(int number, CancellationToken cancel) =>
        Client.TextAsync("host.get_by_uuid", cancel, Pool.Hosts[number - 1].Uuid);

    /// <summary>The number of the host on which a VM is resident; 0 for none.</summary>
    internal async Task<int> ResidentOnAsync(string vm, CancellationToken cancel)
    {
        var reference = await Client.TextAsync("VM.get_resident_on", cancel, vm);
        if (reference == "OpaqueRef:NULL")
        {
            return 0;
        }

        var uuid = await Client.TextAsync("host.get_uuid", cancel, reference);
        return Pool.Hosts.Single(host => host.Uuid == uuid).Number;
    }

    internal async Task MigrateAsync(string vm, int host, CancellationToken cancel) =>
        await Client.CallAsync("VM.pool_migrate", cancel, vm, await HostRefAsync(host, cancel), Live);

    internal async Task<string> BeginMigrationAsync(string vm, int host, CancellationToken cancel) =>
        await Client.TextAsync("Async.VM.pool_migrate", cancel, vm, await HostRefAsync(host, cancel), Live);

    /// <summary>Waits until memory is being copied under this task.</summary>
    internal async Task WaitUntilCopyingAsync(string task, CancellationToken cancel)
    {
        while ((double)await Client.CallAsync("task.get_progress", cancel, task) < 0.1)
        {
            var status = await Client.TextAsync("task.get_status", cancel, task);
            if (status != "pending")
            {
                var record = await Client.MapAsync("task.get_record", cancel, task);
                Assert.Fail($"the migration ended before it was disturbed: {status} {string.Join(' ', (object[])record["error_info"])}");
            }

            await Task.Delay(20, cancel);
        }
    }

    private static Dictionary<string, string> Live => new() { ["live"] = "true" };
}

/// <summary>A pool whose migrations are slow enough to be disturbed in the middle.</summary>
public sealed class SlowMigrationFixture : PoolFixture
{
    protected override PoolOptions Options => new() { XenopsdLines = ["migration-bandwidth-limit-mib = 32"] };
}

using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>What the tests of pools that come and go share: each has hosts of its own, since it changes what they are.</summary>
public abstract class MembershipTests : IAsyncDisposable
{
    /// <summary>A test starts hosts, and xapi several times.</summary>
    private static readonly TimeSpan TestDeadline = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ConditionDeadline = TimeSpan.FromSeconds(90);

    private readonly CancellationTokenSource deadline = new(TestDeadline);

    protected DevelopmentPool Pool { get; private set; } = null!;

    protected CancellationToken Cancel => deadline.Token;

    protected PoolHost First => Pool.Hosts[0];

    protected PoolHost Second => Pool.Hosts[1];

    public async ValueTask DisposeAsync()
    {
        if (Pool is not null)
        {
            await Pool.DisposeAsync();
        }

        deadline.Dispose();
        GC.SuppressFinalize(this);
    }

    protected async Task StartAsync(PoolOptions options) => Pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(options), Cancel);

    /// <summary>A halted VM of this host, with a name.</summary>
    protected static Task<string> VmAsync(XenApiClient client, string name, CancellationToken cancel) => TestVm.CreateAsync(client, name, 64, 200, cancel);

    protected static async Task<int> HostsAsync(XenApiClient client, CancellationToken cancel) =>
        ((object[])await client.CallAsync("host.get_all", cancel)).Length;

    /// <summary>Waits for what must come. A server that is not there meanwhile is no reason to end.</summary>
    protected async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        var clock = Stopwatch.StartNew();
        var seen = "";
        while (clock.Elapsed < ConditionDeadline)
        {
            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (Exception error) when (error is HttpRequestException or XenApiFailure or IOException)
            {
                seen = error.Message;
            }

            await Task.Delay(50, Cancel);
        }

        Assert.Fail($"not within {ConditionDeadline}: {what} {seen}\n{string.Join('\n', Pool.Hosts.Select(host => host.Xapi.LogTail()))}");
    }

    /// <summary>Asks for something until it has happened: what was asked of a host that had only just come may have failed.</summary>
    protected async Task RepeatAsync(Func<bool> happened, XenApiClient client, string method, params object[] arguments)
    {
        string? task = null;
        await UntilAsync(method, async () =>
        {
            if (happened())
            {
                return true;
            }

            if (task is not null && await client.TextAsync("task.get_status", Cancel, task) == "failure")
            {
                var failed = task;
                task = null;
                throw new XenApiFailure([.. ((object[])await client.CallAsync("task.get_error_info", Cancel, failed)).Cast<string>()]);
            }

            task ??= await client.TextAsync("Async." + method, Cancel, arguments);
            return false;
        });
    }

    /// <summary>Waits until a host is a member that its coordinator has let in, and is enabled there.</summary>
    protected async Task MemberAsync(PoolHost host, PoolHost coordinator)
    {
        using var client = XenApiClient.OverTcp(host.Url);
        await UntilAsync($"host {host.Number} is a member", async () =>
            host.Role == "slave:" + coordinator.Address && !(bool)await client.CallRawAsync("host.is_in_emergency_mode", [], Cancel));
        await Pool.WaitUntilLiveAsync(coordinator, [host], Cancel);
    }

    /// <summary>What root types on a host.</summary>
    protected async Task XeAsync(PoolHost host, params string[] words) => Assert.Equal((0, "", ""), await Xe.RunAsync(["-s", host.XapiSocket, .. words], Cancel));

    protected async Task FailsAsync(string[] description, XenApiClient client, string method, params object[] arguments)
    {
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => client.CallAsync(method, Cancel, arguments));
        Assert.Equal(description, error.Description.Take(description.Length));
    }
}

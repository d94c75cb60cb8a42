using System.Globalization;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.Conformance;

/// <summary>The pool of native daemons against which all clients run. Its migrations take long enough to be cancelled.</summary>
public sealed class ConformancePool : IAsyncLifetime
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private DevelopmentPool pool = null!;

    public async ValueTask InitializeAsync()
    {
        using var deadline = new CancellationTokenSource(StartDeadline);
        pool = await DevelopmentPool.StartAsync(
            new PoolOptions { AddressPrefix = "127.0.90.", XenopsdLines = ["migration-bandwidth-limit-mib = 32"] }, deadline.Token);
    }

    public ValueTask DisposeAsync() => pool?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>What a client program finds in its environment.</summary>
    internal Dictionary<string, string> Describe() => new()
    {
        ["POOL_URLS"] = string.Join(' ', pool.Hosts.Select(host => host.Url)),
        ["POOL_USER"] = DevelopmentPool.User,
        ["POOL_PASSWORD"] = pool.Password,
        ["COORDINATOR_SOCKET"] = pool.Coordinator.XapiSocket,
        ["COORDINATOR_PID"] = pool.Coordinator.Xapi.Pid.ToString(CultureInfo.InvariantCulture),
        ["MEMBER_SOCKET"] = pool.Hosts[1].XapiSocket,
    };
}

/// <summary>One pool for all clients, one test at a time: scenarios count tasks of the whole pool, and one of them kills xapi.</summary>
[CollectionDefinition(nameof(ConformancePool))]
public sealed class ConformanceGroup : ICollectionFixture<ConformancePool>;

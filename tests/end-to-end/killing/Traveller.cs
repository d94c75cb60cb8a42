using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Migrates one VM to a host it is not on, one after the other, until it is stopped; what fails is noted and tried again.</summary>
internal sealed class Traveller(PoolFixture fixture, string vm, Random random, CancellationToken stop)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly List<string> failures = [];
    private volatile int arrivals;

    internal int Arrivals => arrivals;

    internal IReadOnlyList<string> Failures
    {
        get
        {
            lock (failures)
            {
                return [.. failures];
            }
        }
    }

    /// <summary>Waits until every VM has arrived somewhere once more; fails the test, with what <paramref name="situation"/> says, when that does not happen in time.</summary>
    internal static async Task AllGoOnAsync(Traveller[] travellers, Task journeys, Func<string> situation, CancellationToken cancel)
    {
        int[] sofar = [.. travellers.Select(static t => t.Arrivals)];
        while (!journeys.IsCompleted && travellers.Zip(sofar).Any(static t => t.First.Arrivals == t.Second))
        {
            Assert.False(cancel.IsCancellationRequested,
                $"somebody does not travel: {string.Join("; ", travellers.Select(static t => string.Join(", ", t.Failures.TakeLast(1))))}\n{situation()}");
            await Task.Delay(Poll, CancellationToken.None);
        }

        if (journeys.IsCompleted)
        {
            await journeys;
        }
    }

    internal async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await fixture.Pool.LoginAsync(CancellationToken.None);
                while (!stop.IsCancellationRequested)
                {
                    await GoAsync(client);
                }
            }
            catch (Exception failure) when (failure is XenApiFailure or HttpRequestException or IOException or TaskCanceledException)
            {
                lock (failures)
                {
                    failures.Add(failure.Message);
                }

                await Task.Delay(Poll, CancellationToken.None);
            }
        }
    }

    private async Task GoAsync(XenApiClient client)
    {
        var here = await client.TextAsync("VM.get_resident_on", CancellationToken.None, vm);
        string[] others = [.. ((object[])await client.CallAsync("host.get_all", CancellationToken.None)).Cast<string>().Where(host => host != here)];
        await client.CallAsync(
            "VM.pool_migrate", CancellationToken.None, vm, others[random.Next(others.Length)], new Dictionary<string, string> { ["live"] = "true" });
        arrivals++;
    }
}

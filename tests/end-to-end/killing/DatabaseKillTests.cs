using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Killing;

/// <summary>xapi is killed again and again while clients write over several connections: nothing is lost of what any of them was told.</summary>
public sealed class DatabaseKillTests : IDisposable
{
    private const int Writers = 6;

    /// <summary>DATABASE_KILLS asks for more than the few of every run.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("DATABASE_KILLS"), out var rounds) ? rounds : 5;

    private readonly CancellationTokenSource deadline = new(TimeSpan.FromSeconds(120 + 20 * Rounds));

    public void Dispose() => deadline.Dispose();

    [Fact]
    public async Task WhatAClientWasToldIsThereAfterAKill()
    {
        await using var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions { Hosts = 1 }), deadline.Token);
        var xapi = pool.Coordinator.Xapi;
        Random random = new(20261123);
        Writer[] writers = [.. Enumerable.Range(0, Writers).Select(static number => new Writer(number))];
        for (var round = 0; round < Rounds; round++)
        {
            var pid = xapi.Pid;
            var writing = writers.Select(w => Task.Run(() => w.RunAsync(pool, deadline.Token))).ToArray();
            var before = writers.Sum(static w => w.Told);
            while (writers.Sum(static w => w.Told) < before + random.Next(1, 60))
            {
                await Task.Delay(1, deadline.Token);
            }

            await Task.Delay(random.Next(0, 20), deadline.Token);
            xapi.Kill();
            await Task.WhenAll(writing);
            await xapi.WaitForRestartAsync(pid, deadline.Token);
            using var client = await pool.LoginAsync(deadline.Token);
            var rows = await client.MapAsync("secret.get_all_records", deadline.Token);
            foreach (var writer in writers)
            {
                writer.Check(rows);
            }
        }

        Assert.True(writers.Sum(static w => w.Told) >= Rounds);
    }

    /// <summary>Makes, changes and removes rows of its own, and knows what it was told of each: its value, null once it is gone. The one change
    /// that was under way when the server died may have been made or not.</summary>
    private sealed class Writer(int number)
    {
        private readonly Dictionary<string, string?> told = [];
        private (string Ref, string? Value)? unanswered;
        private int count;

        internal int Told => Volatile.Read(ref count);

        internal async Task RunAsync(DevelopmentPool pool, CancellationToken cancel)
        {
            try
            {
                using var client = await pool.LoginAsync(cancel);
                while (true)
                {
                    await StepAsync(client, cancel);
                    Interlocked.Increment(ref count);
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                // The server has died.
            }
        }

        internal void Check(Dictionary<string, object> rows)
        {
            foreach (var (reference, value) in told)
            {
                var there = rows.TryGetValue(reference, out var row) ? (string)((Dictionary<string, object>)row)["value"] : null;
                if (unanswered?.Ref == reference && there == unanswered.Value.Value)
                {
                    continue;
                }

                Assert.True(value == there, $"writer {number} was told that {reference} is {value ?? "gone"}, after the kill it is {there ?? "gone"}");
            }

            if (unanswered is { } last)
            {
                told[last.Ref] = rows.TryGetValue(last.Ref, out var row) ? (string)((Dictionary<string, object>)row)["value"] : null;
                unanswered = null;
            }
        }

        private async Task StepAsync(XenApiClient client, CancellationToken cancel)
        {
            var step = told.Count + Told;
            var value = $"{number}/{step}";
            var live = told.Where(static t => t.Value is not null).Select(static t => t.Key).ToArray();
            if (live.Length < 3 || step % 3 == 0)
            {
                told.Add(await client.TextAsync("secret.create", cancel, new Dictionary<string, object>
                {
                    ["value"] = value, ["other_config"] = new Dictionary<string, object>(),
                }), value);
                return;
            }

            var reference = live[step % live.Length];
            var removes = step % 3 == 1 && live.Length > 5;
            unanswered = (reference, removes ? null : value);
            await (removes ? client.CallAsync("secret.destroy", cancel, reference) : client.CallAsync("secret.set_value", cancel, reference, value));
            told[reference] = removes ? null : value;
            unanswered = null;
        }
    }
}

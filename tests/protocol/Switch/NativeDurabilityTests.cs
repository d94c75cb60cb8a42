using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>What native clients stored, over the death (kill -9) of the switch at any moment, with and without a write that was cut short at the
/// end of its journal.</summary>
public sealed class NativeDurabilityTests : IDisposable
{
    private const string Queue = "q";
    private const int Senders = 4;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("switch-native-kill");

    /// <summary>What was promised, by the text of the message.</summary>
    private readonly ConcurrentDictionary<string, MessageId> promised = new();

    private string StateDirectory => Path.Combine(directory.FullName, "state");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_at_any_moment_every_stored_message_is_there_once_and_in_order(bool torn)
    {
        const int Rounds = 4;
        Directory.CreateDirectory(StateDirectory);
        var (consumed, last) = (new HashSet<string>(), new MessageId(0, 0));
        for (var round = 0; round < Rounds; round++)
        {
            using var process = Start();
            await using var reader = Connect("reader");
            await reader.CreateAsync(Queue, transient: false, CancellationToken.None);
            Check(await ConsumeAsync(reader, consumed, most: 7), round, consumed);

            // Its answer comes after everything before it is on the disk: the acknowledgements too.
            var barrier = await reader.StoreAsync(Queue, Encoding.UTF8.GetBytes($"{round}.reader.0"), CancellationToken.None);
            Assert.True(barrier.Number > last.Number && barrier.Incarnation > last.Incarnation, $"{barrier} after {last}");
            promised[$"{round}.reader.0"] = barrier;

            using var killed = new CancellationTokenSource();
            var before = promised.Count;
            var sending = Enumerable.Range(0, Senders).Select(index => StoreUntilItDiesAsync($"{round}.sender{index}", killed.Token)).ToList();
            while (promised.Count < before + 40 + (round * 25))
            {
                await Task.Delay(1);
            }

            process.Kill();
            await killed.CancelAsync();
            await Task.WhenAll(sending);
            last = promised.Values.MaxBy(id => id.Number);
            if (torn)
            {
                TearJournal(round);
            }
        }

        using var again = Start();
        await using var server = Connect("server");
        Check(await ConsumeAsync(server, consumed, most: int.MaxValue), Rounds, consumed);
        Assert.Empty(promised.Keys.Except(consumed));
    }

    public void Dispose() => directory.Delete(recursive: true);

    /// <summary>What was heard is in the order of the ids that were promised, nothing of it was consumed before, and what one sender stored comes in
    /// its order, promised or not.</summary>
    private void Check(List<string> heard, int round, HashSet<string> consumed)
    {
        Assert.Equal(heard.Distinct(), heard);
        var known = heard.Where(promised.ContainsKey).Select(text => promised[text].Number).ToList();
        Assert.Equal(known.Order(), known);
        foreach (var sender in heard.GroupBy(text => text[..text.LastIndexOf('.')]))
        {
            var numbers = sender.Select(text => int.Parse(text[(text.LastIndexOf('.') + 1)..], CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }

        Assert.All(heard, text => Assert.True(consumed.Add(text), $"{text} was consumed before, now again in round {round}"));
    }

    /// <summary>Serves the queue until it is empty, or until so many messages were served.</summary>
    private static async Task<List<string>> ConsumeAsync(SwitchConnection client, HashSet<string> consumed, int most)
    {
        var (heard, done) = (new List<string>(), new TaskCompletionSource());
        using var stop = new CancellationTokenSource();
        var serving = client.ServeAsync(Queue, async (request, ended) =>
        {
            if (heard.Count == most)
            {
                done.TrySetResult();
                await Task.Delay(Timeout.Infinite, ended);
            }

            heard.Add(Encoding.UTF8.GetString(request.Payload.Span));
            return default;
        }, 1, stop.Token);
        using var patience = new CancellationTokenSource(Patience);
        while (!done.Task.IsCompleted
            && (await client.ListAsync(Queue, patience.Token)) is not [{ Waiting: 0, Unacknowledged: 0, Consumers: 1 }])
        {
            await Task.Delay(10, patience.Token);
        }

        await stop.CancelAsync();
        await serving.WaitAsync(Patience);
        return heard;
    }

    private async Task StoreUntilItDiesAsync(string name, CancellationToken killed)
    {
        await using var client = Connect(name);
        try
        {
            for (var index = 0; ; index++)
            {
                var text = $"{name}.{index}";
                promised[text] = await client.StoreAsync(Queue, Encoding.UTF8.GetBytes(text), killed);
            }
        }
        catch (Exception error) when (error is SwitchException or OperationCanceledException)
        {
            // Whether the last one is kept nobody knows.
        }
    }

    /// <summary>A machine that died within a write: part of one more record at the journal's end, which nobody was promised.</summary>
    private void TearJournal(int round)
    {
        var record = new ArrayBufferWriter<byte>();
        RecordCodec.Write(record, new ArrayBufferWriter<byte>(),
            new MessageKept(long.MaxValue / 2, Queue, "", default, "torn", Encoding.UTF8.GetBytes($"torn.{round}")));
        using var journal = new FileStream(Directory.EnumerateFiles(StateDirectory, "journal.*").Single(), FileMode.Append);
        journal.Write(record.WrittenSpan[..((record.WrittenCount * (round + 1) / 5) + 1)]);
    }

    private SwitchProcess Start() =>
        new(Path.Combine(directory.FullName, "sock"), $"statedir = {StateDirectory}\nstatedir-sync = false");

    private SwitchConnection Connect(string name)
    {
        var client = new SwitchConnection(new SwitchOptions(Path.Combine(directory.FullName, "sock"), name), NullLogger.Instance);
        client.Start();
        return client;
    }
}

using System.Net.Sockets;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>With a directory for its state the switch keeps its promises over restarts, clean ones and others.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("switch-state");

    [Fact]
    public async Task A_restart_keeps_queues_requests_and_responses_but_nothing_transient()
    {
        await using var fixture = new SwitchFixture(new Settings { StateDirectory = directory.FullName });
        var peer = await fixture.CompatAsync("me");
        await peer.GetAsync("/persistent/q");
        await peer.GetAsync("/persistent/replies");
        await peer.GetAsync("/transient/t");
        var done = await peer.SendRequestAsync("q", "replies", "done");
        var kept = await peer.SendRequestAsync("q", "replies", new string('k', 100_000));
        await peer.SendRequestAsync("t", "replies", "transient");
        await peer.PostAsync($"/response/replies/q/{done}", "answer");
        await peer.GetAsync($"/ack/q/{done}");
        await fixture.StopSwitchAsync();
        fixture.StartSwitch();

        peer = await fixture.CompatAsync("me");
        Assert.Equal("[\"q\",\"replies\"]", await peer.GetAsync("/list/"));
        var request = Assert.Single((await peer.TransferAsync("q")).Messages);
        Assert.Equal((kept, new string('k', 100_000), "replies"), (request.Number, request.Payload, request.ReplyTo));
        var response = Assert.Single((await peer.TransferAsync("replies")).Messages);
        Assert.Equal(("answer", "q", done), (response.Payload, response.AnsweredQueue, response.Answered));
        Assert.True(await peer.SendRequestAsync("q", "r", "x") > response.Number);
        await peer.GetAsync("/destroy/q");
        await fixture.StopSwitchAsync();
        fixture.StartSwitch();
        peer = await fixture.CompatAsync("me");
        Assert.Equal("[\"replies\"]", await peer.GetAsync("/list/"));
    }

    [Fact]
    public async Task A_native_server_gets_what_was_kept_and_a_returned_caller_its_reply()
    {
        await using var fixture = new SwitchFixture(new Settings { StateDirectory = directory.FullName });
        var caller = await fixture.CompatAsync("caller");
        await caller.GetAsync("/persistent/q");
        var number = await caller.SendRequestAsync("q", "caller", "x");
        await fixture.StopSwitchAsync();
        fixture.StartSwitch();
        caller = await fixture.CompatAsync("caller");
        await caller.SendAsync(CompatPeer.Post("/transfer", "{\"timeout\":30.0,\"queues\":[\"caller\"]}"));
        var watcher = await fixture.CompatAsync("watcher");
        while (await watcher.GetAsync("/list/alive/caller") != "[\"caller\"]")
        {
            await Task.Delay(5);
        }

        _ = fixture.Client("server").ServeAsync("q", SwitchFixture.Echo, 1, CancellationToken.None);
        Assert.Contains($"{{\"payload\":\"[x]\",\"kind\":[\"Response\",[\"q\",{number}]]}}", await caller.ResponseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_any_moment_every_promised_message_is_there_once_and_in_order()
    {
        const int Senders = 4;
        const int Rounds = 6;
        var (promised, acknowledged) = (new List<(long Number, string Payload)>(), new HashSet<long>());
        var path = Path.Combine(directory.FullName, "sock");
        Directory.CreateDirectory(Path.Combine(directory.FullName, "state"));
        var configuration = $"statedir = {Path.Combine(directory.FullName, "state")}\nstatedir-sync = false";
        var random = new Random(7);
        var highest = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            using var process = new SwitchProcess(path, configuration);
            await using var reader = await process.CompatAsync("reader");
            await reader.GetAsync("/persistent/q");
            var found = await EverythingAsync(reader);
            Check(found, promised, acknowledged);
            highest = Math.Max(highest, found.Select(message => message.Number).DefaultIfEmpty().Max());

            // One message in three is acknowledged; then several send until the switch dies under them.
            foreach (var message in found.Where((_, index) => index % 3 == 0))
            {
                await reader.GetAsync($"/ack/q/{message.Number}");
                acknowledged.Add(message.Number);
            }

            var senders = await Task.WhenAll(Enumerable.Range(0, Senders).Select(index => process.CompatAsync($"sender{index}")));
            var sending = senders.Select((sender, index) => SendUntilItDiesAsync(sender, $"{round}.{index}")).ToList();
            await Task.Delay(random.Next(20, 120));
            process.Kill();
            foreach (var sent in await Task.WhenAll(sending))
            {
                Assert.All(sent, message => Assert.True(message.Number > highest, $"{message.Number} after {highest}"));
                promised.AddRange(sent);
            }
        }

        Assert.NotEmpty(promised);
        using var last = new SwitchProcess(path, configuration);
        await using var all = await last.CompatAsync("reader");
        Check(await EverythingAsync(all), promised, acknowledged);
    }

    public void Dispose() => directory.Delete(recursive: true);

    private static void Check(List<CompatMessage> found, List<(long Number, string Payload)> promised, HashSet<long> acknowledged)
    {
        var numbers = found.Select(message => message.Number).ToList();
        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal(numbers.Distinct(), numbers);
        Assert.DoesNotContain(numbers, acknowledged.Contains);
        var byNumber = found.ToDictionary(message => message.Number, message => message.Payload);
        Assert.All(promised.Where(message => !acknowledged.Contains(message.Number)), message =>
            Assert.Equal(message.Payload, byNumber.GetValueOrDefault(message.Number)));
    }

    private static async Task<List<CompatMessage>> EverythingAsync(CompatPeer reader)
    {
        var found = new List<CompatMessage>();
        string? cursor = null;
        while (true)
        {
            var (messages, next) = await reader.TransferAsync("q", cursor, 0);
            if (messages.Count == 0)
            {
                return found;
            }

            found.AddRange(messages);
            cursor = next;
        }
    }

    private static async Task<List<(long Number, string Payload)>> SendUntilItDiesAsync(CompatPeer sender, string name)
    {
        var sent = new List<(long Number, string Payload)>();
        try
        {
            for (var index = 0; ; index++)
            {
                var payload = $"{name}.{index}";
                sent.Add((await sender.SendRequestAsync("q", "nobody", payload), payload));
            }
        }
        catch (Exception error) when (error is SocketException or Xunit.Sdk.XunitException)
        {
            return sent;
        }
        finally
        {
            await sender.DisposeAsync();
        }
    }
}

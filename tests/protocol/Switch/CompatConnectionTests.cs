using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>One connection of the original protocol whose peer does what it may but usually does not: asks for more before it is answered, reads
/// late, or stops sending.</summary>
public sealed class CompatConnectionTests
{
    private const string Transfer = "{\"timeout\":60.0,\"queues\":[\"q\"]}";

    [Fact]
    public async Task Many_requests_at_once_are_answered_in_order_and_others_meanwhile()
    {
        const int count = 500;
        await using var fixture = new SwitchFixture();
        var (peer, other) = (await fixture.CompatAsync("many"), await fixture.CompatAsync("other"));
        var sending = peer.SendAsync(string.Concat(Enumerable.Range(0, count).Select(index => CompatPeer.Get($"/persistent/q{index}"))));
        Assert.Equal("other", await other.GetAsync("/persistent/other"));
        for (var index = 0; index < count; index++)
        {
            Assert.EndsWith($"\r\n\r\nq{index}", await peer.ResponseAsync(), StringComparison.Ordinal);
        }

        await sending;
    }

    [Fact]
    public async Task What_comes_while_a_transfer_waits_is_answered_after_it()
    {
        // More than the buffer of an idle connection, so that some of it has to wait in the socket.
        const int count = 300;
        await using var fixture = new SwitchFixture();
        var (peer, sender) = (await fixture.CompatAsync("reader"), await fixture.CompatAsync("sender"));
        await peer.GetAsync("/persistent/q");
        await peer.SendAsync(CompatPeer.Post("/transfer", Transfer)
            + string.Concat(Enumerable.Range(0, count).Select(index => CompatPeer.Get($"/persistent/later{index}"))));
        await AliveAsync(sender, "q");
        await sender.SendRequestAsync("q", "nobody", "it came");
        Assert.Contains("it came", await peer.ResponseAsync(), StringComparison.Ordinal);
        for (var index = 0; index < count; index++)
        {
            Assert.EndsWith($"\r\n\r\nlater{index}", await peer.ResponseAsync(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_answer_arrives_whole_at_a_peer_that_reads_late(bool sendsNoMore)
    {
        var payload = string.Concat(Enumerable.Range(0, 400_000).Select(index => $"{index:0000000000}"));
        await using var fixture = new SwitchFixture();
        var (sender, other) = (await fixture.CompatAsync("sender"), await fixture.CompatAsync("other"));
        await sender.GetAsync("/persistent/q");
        await sender.SendRequestAsync("q", "nobody", payload);
        using var reader = await fixture.RawAsync();
        await reader.SendAsync("GET /login/reader HTTP/1.1\r\n\r\n"u8.ToArray());
        var after = sendsNoMore ? "keep-alive" : "close";
        var request = $"POST /transfer HTTP/1.1\r\ncontent-length: {Transfer.Length}\r\nconnection: {after}\r\n\r\n{Transfer}";
        await reader.SendAsync(Encoding.ASCII.GetBytes(request));

        // It has begun to answer when the first bytes can be read; then others are served while the rest of it waits.
        await reader.ReceiveAsync(new byte[1], SocketFlags.Peek).WaitAsync(SwitchFixture.Patience);
        await AliveAsync(other, "q");
        if (sendsNoMore)
        {
            reader.Shutdown(SocketShutdown.Send);
        }

        Assert.Equal("q", await other.GetAsync("/persistent/q"));
        Assert.Contains(payload, await SwitchFixture.ReadToEndAsync(reader), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_leaves_within_an_answer_is_forgotten()
    {
        await using var fixture = new SwitchFixture();
        var sender = await fixture.CompatAsync("sender");
        await sender.GetAsync("/persistent/q");
        await sender.SendRequestAsync("q", "nobody", new string('x', 4_000_000));
        var reader = await fixture.CompatAsync("reader");
        await reader.GetAsync("/transient/mine");
        await reader.SendAsync(CompatPeer.Post("/transfer", Transfer));
        await AliveAsync(sender, "q");
        await reader.DisposeAsync();
        while (await sender.GetAsync("/list/mine") != "[]")
        {
            await Task.Delay(5);
        }

        // What it was shown and did not acknowledge is there for the next one.
        var next = await fixture.CompatAsync("next");
        Assert.Equal(4_000_000, Assert.Single((await next.TransferAsync("q")).Messages).Payload.Length);
    }

    private static async Task AliveAsync(CompatPeer watcher, string queue)
    {
        while (await watcher.GetAsync($"/list/alive/{queue}") != $"[\"{queue}\"]")
        {
            await Task.Delay(5);
        }
    }
}

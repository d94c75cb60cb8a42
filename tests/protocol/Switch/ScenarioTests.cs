using Toolstack.Hosting.Switch;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>The scenarios of the original's own tests over both protocols: the switch starts after its clients, and many callers at once; and
/// callers and servers of either protocol.</summary>
public sealed class ScenarioTests
{
    private const int Callers = 16;
    private const int CallsEach = 25;

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Many_callers_at_once_each_get_their_own_replies(bool compatCallers, bool compatServer)
    {
        await using var fixture = new SwitchFixture();
        using var stop = new CancellationTokenSource();
        var serving = compatServer ? ServeCompatAsync(fixture, "q", stop.Token) : fixture.Client("server").ServeAsync("q", Echo, 8, stop.Token);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            await using var compat = compatCallers ? await CompatCaller.OpenAsync(fixture, $"caller{caller}") : null;
            var native = compatCallers ? null : fixture.Client($"caller{caller}");
            for (var call = 0; call < CallsEach; call++)
            {
                var payload = $"{caller}.{call}";
                Assert.Equal($"[{payload}]", compat is null ? await CallAsync(native!, "q", payload) : await compat.CallAsync("q", payload));
            }
        }));
        await stop.CancelAsync();
        await serving.WaitAsync(Patience);
    }

    [Fact]
    public async Task The_switch_starts_after_clients_of_both_protocols()
    {
        await using var fixture = new SwitchFixture(start: false);
        _ = fixture.Client("server").ServeAsync("native", Echo, 1, CancellationToken.None);
        var early = CallAsync(fixture.Client("caller"), "native", "early");
        var compat = EventualCallerAsync(fixture);
        await Task.Delay(50);
        Assert.False(early.IsCompleted);
        Assert.False(compat.IsCompleted);
        fixture.StartSwitch();
        Assert.Equal("[early]", await early);
        Assert.Equal("[late]", await compat);
    }

    // As the original's libraries do: connecting is tried again and again.
    private static async Task<string> EventualCallerAsync(SwitchFixture fixture)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var caller = await CompatCaller.OpenAsync(fixture, "early");
                return await caller.CallAsync("native", "late");
            }
            catch (System.Net.Sockets.SocketException)
            {
                await Task.Delay(20, patience.Token);
            }
        }
    }

    private static async Task ServeCompatAsync(SwitchFixture fixture, string queue, CancellationToken stop)
    {
        await using var events = await fixture.CompatAsync("server");
        await using var answers = await fixture.CompatAsync("server");
        await events.GetAsync($"/persistent/{queue}");
        string? cursor = null;
        while (!stop.IsCancellationRequested)
        {
            var (requests, next) = await events.TransferAsync(queue, cursor, 0.2);
            cursor = next;
            foreach (var request in requests)
            {
                await answers.PostAsync($"/response/{request.ReplyTo}/{queue}/{request.Number}", $"[{request.Payload}]");
                await answers.GetAsync($"/ack/{queue}/{request.Number}");
            }
        }
    }

    /// <summary>A caller of the original protocol with its two connections.</summary>
    private sealed class CompatCaller(CompatPeer requests, CompatPeer events, string token) : IAsyncDisposable
    {
        private string? cursor;

        internal static async Task<CompatCaller> OpenAsync(SwitchFixture fixture, string token)
        {
            var (requests, events) = (await fixture.CompatAsync(token), await fixture.CompatAsync(token));
            await requests.GetAsync($"/transient/{token}");
            return new CompatCaller(requests, events, token);
        }

        internal async Task<string> CallAsync(string queue, string payload)
        {
            await requests.GetAsync($"/persistent/{queue}");
            var number = await requests.SendRequestAsync(queue, token, payload);
            while (true)
            {
                var (replies, next) = await events.TransferAsync(token, cursor);
                cursor = next;
                foreach (var reply in replies)
                {
                    await events.GetAsync($"/ack/{token}/{reply.Number}");
                }

                if (replies.FirstOrDefault(reply => reply.Answered == number) is { } answer)
                {
                    return answer.Payload;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await requests.DisposeAsync();
            await events.DisposeAsync();
        }
    }
}

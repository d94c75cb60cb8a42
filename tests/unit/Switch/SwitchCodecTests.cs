using System.Buffers;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>Each message of the native protocol and its exact bytes.</summary>
public sealed class SwitchCodecTests
{
    private static readonly SwitchPayload Payload = new(new byte[] { 0xde, 0xad });

    public static TheoryData<SwitchMessage, string> Table => new()
    {
        { new Hello(1, 0, "xapi"), "0000000994010100a478617069" },
        { new Welcome(1, 0, 7), "000000059402010007" },
        { new Refusal(SwitchErrorKind.Protocol, "no"), "00000006930303a26e6f" },
        { new CreateQueue(5, "q", true), "00000006940a05a171c3" },
        { new DestroyQueue(5, "q"), "00000005930b05a171" },
        { new Subscribe(5, "q", 16), "00000006940c05a17110" },
        { new Unsubscribe(5, "q"), "00000005930d05a171" },
        { new ListQueues(5, ""), "00000004930e05a0" },
        { new CommandResult(5, null, ""), "00000005940f0500a0" },
        { new CommandResult(5, SwitchErrorKind.TooMany, "x"), "00000006940f0510a178" },
        { new Request("q", "r", 9, 1000, Payload), "000000109614a171a17209cd03e89200c402dead" },
        { new Response("r", 9, null, Payload), "0000000c9515a17209009200c402dead" },
        { new Response("r", 9, SwitchErrorKind.HandlerFailed, Payload), "0000000c9515a172090e9200c402dead" },
        { new Acknowledge("q", new MessageId(7, 3)), "000000079316a171920703" },
        { new Return("q", new MessageId(7, 3)), "00000007931aa171920703" },
        { new RequestDelivery("q", new MessageId(7, 3), true, "r", 9, 250, Payload), "000000139817a171920703c3a17209ccfa9200c402dead" },
        {
            new RequestDelivery("q", new MessageId(7, 3), true, "r", 9, 250, Payload) { TraceContext = "t" },
            "000000159917a174a171920703c3a17209ccfa9200c402dead"
        },
        { new ResponseDelivery("r", new MessageId(7, 3), 9, null, Payload), "0000000f9618a17292070309009200c402dead" },
        { new SubscriptionEnded("q"), "000000049219a171" },
        { new Subscribe(5, "q", 16) { Broadcast = true }, "00000007950c05a17110c3" },
        { new ListQueues(5, "") { Alive = true }, "00000005940e05a0c3" },
        { new QueueList(4, [new("a", true, 1, 2, 3, 4)]), "0000000c9310049196a161c301020304" },
        {
            new Request("q", "r", 9, 1000, Payload) { TraceContext = "t" }, "000000129714a174a171a17209cd03e89200c402dead"
        },
        { new Cancel("q", "r", 9), "00000007941ba171a17209" },
        { new Cancelled("q", new MessageId(7, 3)), "00000007931ca171920703" },
        { new Diagnose(5), "00000003921d05" },
        { new FollowTrace(5, 3, 1000), "00000007941e0503cd03e8" },
        { new Report(5, Payload), "00000009931f059200c402dead" },
        { new Store(5, "q", Payload), "0000000b942005a1719200c402dead" },
        { new Stored(5, new MessageId(7, 3)), "00000006932105920703" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_message_has_these_bytes_and_comes_back_from_them(SwitchMessage message, string hex)
    {
        var expected = Convert.FromHexString(hex);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(Frame(message)));
        var buffer = new ReadOnlySequence<byte>(expected);
        Assert.True(SwitchCodec.TryReadFrame(ref buffer, [], out var read, out _));
        Assert.True(buffer.IsEmpty);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(Frame(read!)));
        Assert.Equal(message.GetType(), read!.GetType());
    }

    /// <summary>A message without a row would be one without specified bytes.</summary>
    [Fact]
    public void Every_message_of_the_protocol_is_in_the_table()
    {
        var shown = Table.Select(row => row.Data.Item1.GetType()).ToHashSet();
        var all = typeof(SwitchMessage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(SwitchMessage)) && !type.IsAbstract);
        Assert.DoesNotContain(all, type => !shown.Contains(type));
    }

    [Fact]
    public void A_list_of_queues_comes_back()
    {
        var list = new QueueList(4, [new("a", true, 1, 2, 3, 4), new("b", false, 0, 0, 0, long.MaxValue)]);
        var buffer = new ReadOnlySequence<byte>(Frame(list));
        Assert.True(SwitchCodec.TryReadFrame(ref buffer, [], out var read, out _));
        Assert.Equal(list.Queues, Assert.IsType<QueueList>(read).Queues);
    }

    [Fact]
    public void A_frame_is_not_read_before_its_last_byte_is_there()
    {
        var frame = Frame(new Request("queue", "reply", 1, 2, new SwitchPayload(new byte[300])));
        for (var length = 0; length < frame.Length; length++)
        {
            var part = new ReadOnlySequence<byte>(frame, 0, length);
            Assert.False(SwitchCodec.TryReadFrame(ref part, [], out _, out var missing));
            Assert.InRange(missing, 1, length < SwitchCodec.HeaderBytes ? SwitchCodec.HeaderBytes : frame.Length - length);
        }
    }

    [Theory]
    [InlineData("00000000")] // no body
    [InlineData("ffffffff00")] // longer than a frame may be
    [InlineData("00000001c0")] // nil
    [InlineData("0000000190")] // an empty array
    [InlineData("000000029163")] // an unknown kind
    [InlineData("0000000494010100")] // hello without its name
    [InlineData("0000000a94010100a47861706900")] // a byte after the message
    [InlineData("00000006930b05a2fffe")] // a name that is not UTF-8
    [InlineData("00000005930b05a271")] // a name longer than the frame
    [InlineData("0000000c9515a17209639200c402dead")] // an unknown error
    [InlineData("0000000c9515a17209009201c402dead")] // a payload of an unknown kind
    [InlineData("000000099515a17209009200c0")] // no payload
    [InlineData("00000006dd0000000119")] // an array that promises more than there is
    public void Garbage_is_a_protocol_error(string hex)
    {
        var buffer = new ReadOnlySequence<byte>(Convert.FromHexString(hex));
        var error = Assert.Throws<SwitchException>(() => SwitchCodec.TryReadFrame(ref buffer, [], out _, out _));
        Assert.Equal(SwitchErrorKind.Protocol, error.Kind);
    }

    [Fact]
    public void A_name_longer_than_its_limit_names_the_limit()
    {
        var buffer = new ReadOnlySequence<byte>(Frame(new Unsubscribe(1, new string('q', SwitchLimits.MaxNameBytes + 1))));
        var error = Assert.Throws<SwitchException>(() => SwitchCodec.TryReadFrame(ref buffer, [], out _, out _));
        Assert.Contains(nameof(SwitchLimits.MaxNameBytes), error.InnerException?.Message ?? error.Message, StringComparison.Ordinal);
    }

    private static byte[] Frame(SwitchMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        var size = SwitchCodec.WriteFrame(output, new ArrayBufferWriter<byte>(), message, sealedAllowed: true);
        Assert.Equal(output.WrittenCount, size);
        return output.WrittenSpan.ToArray();
    }
}

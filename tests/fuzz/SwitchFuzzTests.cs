using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Toolstack.MessageSwitch.Http;
using Xunit;

namespace Toolstack.Tests.Fuzz;

/// <summary>What a client may send to the switch, damaged and cut short: native frames, requests of the original protocol, and the records of its
/// journal after a crash.</summary>
public sealed class SwitchFuzzTests
{
    private static readonly SwitchPayload Payload = new(new byte[] { 1, 2, 3 });

    public static TheoryData<SwitchMessage> Messages =>
    [
        new Hello(1, 3, "client"),
        new CreateQueue(1, "queue", true),
        new Subscribe(2, "queue", 16) { Broadcast = true },
        new ListQueues(3, "prefix") { Alive = true },
        new QueueList(3, [new("a", true, 1, 2, 3, 4), new("b", false, 0, 0, 0, 5)]),
        new CommandResult(3, SwitchErrorKind.TooMany, "text"),
        new Request("queue", "reply", 4, 1000, Payload) { TraceContext = "00-trace" },
        new RequestDelivery("queue", new MessageId(1, 2), true, "reply", 4, 1000, Payload),
        new Response("reply", 4, SwitchErrorKind.HandlerFailed, Payload),
        new ResponseDelivery("reply", new MessageId(1, 2), 4, null, Payload),
        new Acknowledge("queue", new MessageId(1, 2)),
        new Cancel("queue", "reply", 4),
        new Store(5, "queue", Payload),
        new FollowTrace(6, 1, 1000),
    ];

    public static TheoryData<string> Requests =>
    [
        "GET /login/me HTTP/1.1\r\nuser-agent: cohttp\r\nconnection: keep-alive\r\n\r\n",
        "GET /ack/queue%20name/0x1_F HTTP/1.1\r\n\r\n",
        "GET /trace/-1/2.5e1 HTTP/1.1\r\nexpect: 100-continue\r\n\r\n",
        "POST /transfer HTTP/1.1\r\ncontent-length: 66\r\n\r\n{\"from\":\"5\",\"timeout\":0.5,\"queues\":[\"a\",\"b\\u00e9\"],\"extra\":[{}]}\r\n",
        "POST /request/queue/reply HTTP/1.1\r\nContent-Length: 9\r\n\r\n{\"a\": 1 }",
        "POST /response/reply/queue/12 HTTP/1.1\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody",
        "GET http://host/list/alive/prefix?query#fragment HTTP/1.0\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Native_frames(SwitchMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        SwitchCodec.WriteFrame(output, new ArrayBufferWriter<byte>(), message, sealedAllowed: true);
        var valid = output.WrittenSpan.ToArray();
        Rounds.Run(valid, ReadFrames, IsProtocolError);
        Rounds.Truncate(valid, ReadFrames, IsProtocolError);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Requests_of_the_original_protocol(string request)
    {
        var valid = Encoding.Latin1.GetBytes(request);
        Rounds.Run(valid, ReadRequests, IsRequestError);
        Rounds.Truncate(valid, ReadRequests, IsRequestError);
    }

    [Fact]
    public void Journals()
    {
        var output = new ArrayBufferWriter<byte>();
        var scratch = new ArrayBufferWriter<byte>();
        StoredRecord[] records = [new QueueMade("q"), new MessageKept(7, "q", "r", default, "me", "payload"u8.ToArray()), new MessageDone("q", 7), new NumbersUsed(9)];
        foreach (var record in records)
        {
            RecordCodec.Write(output, scratch, record);
        }

        // Damage is found by the checksum: what is good before it counts, and never more than was written.
        var valid = output.WrittenSpan.ToArray();
        void Read(byte[] bytes) => Assert.InRange(RecordCodec.ReadAll(bytes, new StoredState().Apply), 0, bytes.Length);
        Rounds.Run(valid, Read, static _ => false);
        Rounds.Truncate(valid, Read, static _ => false);
    }

    /// <summary>As a connection does: frame after frame, until one is not there whole.</summary>
    private static void ReadFrames(byte[] bytes)
    {
        var buffer = new ReadOnlySequence<byte>(bytes);
        var descriptors = new List<SafeFileHandle>();
        while (SwitchCodec.TryReadFrame(ref buffer, descriptors, out var message, out var missing))
        {
            Assert.NotNull(message);
            Assert.Equal(0, missing);
        }
    }

    private static void ReadRequests(byte[] bytes)
    {
        for (var rest = bytes.AsMemory(); HttpRequest.TryRead(rest, out _) is { } request; rest = rest[request.Length..])
        {
            Assert.InRange(request.Length, 1, rest.Length);
            try
            {
                CompatParser.Parse(request);
            }
            catch (FormatException)
            {
                // Answered with an error; the connection goes on.
            }
        }
    }

    private static bool IsProtocolError(Exception error) => error is SwitchException { Kind: SwitchErrorKind.Protocol };

    private static bool IsRequestError(Exception error) => error is HttpException;
}

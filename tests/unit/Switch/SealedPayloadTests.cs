using System.Buffers;
using Microsoft.Win32.SafeHandles;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>Payloads that travel as descriptors: who owns them when, and what is not taken for one.</summary>
public sealed class SealedPayloadTests
{
    private const int Size = SwitchLimits.MaxInlineBytes + 1;
    private readonly BrokerWorld world = new();

    [Fact]
    public void Only_a_payload_too_large_for_a_frame_is_sealed()
    {
        Assert.Null(SwitchPayload.Of(new byte[SwitchLimits.MaxInlineBytes]).Sealed);
        var large = Large();
        Assert.Equal(Size, large.Sealed!.Length);
        Assert.Equal(Content(), large.Bytes.ToArray());
        large.Release();
        Assert.True(large.Sealed.Handle.IsClosed);
    }

    [Fact]
    public void It_is_a_few_bytes_in_a_frame_or_all_of_them_for_a_peer_that_cannot()
    {
        var message = new Response("r", 1, null, Large());
        var output = new ArrayBufferWriter<byte>();
        Assert.InRange(SwitchCodec.WriteFrame(output, new ArrayBufferWriter<byte>(), message, sealedAllowed: true), 1, 64);
        var descriptors = new List<SafeFileHandle> { message.Payload.Sealed!.Handle };
        var buffer = new ReadOnlySequence<byte>(output.WrittenMemory);
        Assert.True(SwitchCodec.TryReadFrame(ref buffer, descriptors, out var read, out _));
        Assert.Empty(descriptors);
        Assert.Equal(Content(), Assert.IsType<Response>(read).Payload.Bytes.ToArray());

        output.Clear();
        Assert.True(SwitchCodec.WriteFrame(output, new ArrayBufferWriter<byte>(), message, sealedAllowed: false) > Size);
        buffer = new ReadOnlySequence<byte>(output.WrittenMemory);
        Assert.True(SwitchCodec.TryReadFrame(ref buffer, [], out read, out _));
        Assert.Equal(Content(), Assert.IsType<Response>(read).Payload.Bytes.ToArray());
        message.Payload.Release();
    }

    [Fact]
    public void A_descriptor_that_is_not_sealed_memory_of_that_length_is_refused()
    {
        var large = Large();
        using var other = File.OpenHandle("/dev/null");
        Assert.Equal(SwitchErrorKind.Protocol, Assert.Throws<SwitchException>(() => SealedPayload.Receive(other, Size)).Kind);
        Assert.Throws<SwitchException>(() => SealedPayload.Receive(large.Sealed!.Handle, Size + 8192));
        Assert.Throws<SwitchException>(() => SealedPayload.Receive(large.Sealed!.Handle, SwitchLimits.MaxInlineBytes));
        Assert.Throws<SwitchException>(() => SealedPayload.Receive(large.Sealed!.Handle, long.MaxValue));
        large.Release();
    }

    [Fact]
    public void The_broker_keeps_it_until_it_is_acknowledged()
    {
        var first = world.Consumer("q", window: 1);
        var payload = Send(world.Caller(), "q");
        first.Die();
        var second = world.Consumer("q", window: 1);
        Assert.Equal(Content(), Assert.Single(second.Requests).Payload.Bytes.ToArray());
        second.Acknowledge(second.Requests[0]);
        Assert.True(payload.Sealed!.Handle.IsClosed);
    }

    [Fact]
    public void The_broker_closes_it_when_the_request_expires_is_refused_or_loses_its_queue()
    {
        var caller = world.Caller();
        var expiring = Send(caller, "nobody");
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.True(expiring.Sealed!.Handle.IsClosed);

        var waiting = Send(caller, "doomed");
        caller.Send(new DestroyQueue(9, "doomed"));
        Assert.True(waiting.Sealed!.Handle.IsClosed);

        var consumer = world.Consumer("busy", window: 1);
        var taken = Send(caller, "busy");
        consumer.Send(new DestroyQueue(9, "busy"));
        Assert.True(taken.Sealed!.Handle.IsClosed);

        var late = Large();
        consumer.Send(new Response("reply.gone", 1, null, late));
        Assert.True(late.Sealed!.Handle.IsClosed);
    }

    private static SwitchPayload Send(TestPeer caller, string queue)
    {
        var payload = Large();
        caller.Send(new Request(queue, caller.ReplyQueue, 1, 30_000, payload));
        Assert.False(payload.Sealed!.Handle.IsClosed);
        return payload;
    }

    private static SwitchPayload Large() => SwitchPayload.Of(Content());

    private static byte[] Content() => [.. Enumerable.Range(0, Size).Select(index => (byte)(index * 7))];
}

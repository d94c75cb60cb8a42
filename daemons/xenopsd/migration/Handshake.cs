using System.Buffers.Binary;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// The messages both sides exchange at synchronisation points (xenops protocol): a 16-bit big-endian length and a text. Length 0
/// means success; a text is the JSON of an error, or words of the peer's.
/// </summary>
internal static class Handshake
{
    /// <summary>Raises IOException or TimeoutException.</summary>
    internal static Task SendSuccessAsync(System.IO.Stream bytes, CancellationToken cancel) => SendAsync(bytes, new byte[sizeof(ushort)], cancel);

    internal static Task SendErrorAsync(System.IO.Stream bytes, XenopsErrorValue error, CancellationToken cancel) =>
        SendAsync(bytes, EncodeError(error), cancel);

    internal static byte[] EncodeError(XenopsErrorValue error)
    {
        byte[] text = Encoding.UTF8.GetBytes(JsonValueWriter.Text(w => XenopsErrorValueCodec.Write(w, error)));
        int length = Math.Min(text.Length, MigrationLimits.MaxHandshakeText);
        byte[] message = new byte[sizeof(ushort) + length];
        BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)length);
        text.AsSpan(0, length).CopyTo(message.AsSpan(sizeof(ushort)));
        return message;
    }

    /// <summary>Waits for the peer's success. Raises what the peer reports; IOException when it closes, TimeoutException when it
    /// stays silent until the deadline of <paramref name="point"/>.</summary>
    internal static async Task ExpectSuccessAsync(System.IO.Stream bytes, string point, TimeSpan limit, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        try
        {
            byte[] header = new byte[sizeof(ushort)];
            if (await FillAsync(bytes, header, deadline.Token).ConfigureAwait(false) < header.Length)
            {
                throw new IOException($"the peer closed the connection before {point}");
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(header);
            if (length == 0)
            {
                return;
            }

            byte[] text = new byte[length];
            int read = await FillAsync(bytes, text, deadline.Token).ConfigureAwait(false);
            throw read < length ? Cut(header, text.AsSpan(0, read), point) : DecodeError(text);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"the peer did not reach {point} within {limit.TotalSeconds:0} s");
        }
    }

    internal static XenopsError DecodeError(ReadOnlySpan<byte> text)
    {
        try
        {
            return new XenopsError(XenopsErrorValueCodec.Read(JsonValueReader.Parse(text)));
        }
        catch (Exception error) when (error is ValueFormatException or WireFormatException)
        {
            return XenopsError.Internal(Encoding.UTF8.GetString(text));
        }
    }

    /// <summary>An HTTP answer where a handshake should be: the request never reached the peer's xenopsd.</summary>
    private static Exception Cut(byte[] header, ReadOnlySpan<byte> rest, string point)
    {
        string text = Encoding.ASCII.GetString([.. header, .. rest]);
        return text.StartsWith("HTTP/", StringComparison.Ordinal)
            ? new XenopsError(new XenopsErrorValue.Failed_to_contact_remote_service(text.Split("\r\n")[0]))
            : new IOException($"the peer closed the connection before {point}");
    }

    private static async Task SendAsync(System.IO.Stream bytes, ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(MigrationLimits.Send);
        try
        {
            await bytes.WriteAsync(message, deadline.Token).ConfigureAwait(false);
            await bytes.FlushAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException("the peer takes no bytes");
        }
    }

    private static async Task<int> FillAsync(System.IO.Stream bytes, Memory<byte> buffer, CancellationToken cancel)
    {
        int filled = 0;
        while (filled < buffer.Length)
        {
            int read = await bytes.ReadAsync(buffer[filled..], cancel).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            filled += read;
        }

        return filled;
    }
}

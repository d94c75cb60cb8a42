using System.Buffers;
using System.IO.Pipelines;

namespace Toolstack.Xapi.ThinCli;

/// <summary>A connection in the thin-client protocol: commands out, answers in, every read with a deadline.
/// Raises <see cref="ThinCliFormatException"/> and IOException.</summary>
internal sealed class ThinCliStream(IDuplexPipe transport, CancellationToken stopping)
{
    internal async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        var result = await transport.Output.WriteAsync(bytes, cancel).ConfigureAwait(false);
        if (result.IsCompleted)
        {
            throw new IOException("the client has gone");
        }
    }

    /// <summary>Exactly so many bytes.</summary>
    internal async Task<byte[]> ReadAsync(int count, TimeSpan deadline, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, stopping);
        limit.CancelAfter(deadline);
        var result = await transport.Input.ReadAtLeastAsync(count, limit.Token).ConfigureAwait(false);
        if (result.Buffer.Length < count)
        {
            throw new IOException("the client has gone");
        }

        var taken = result.Buffer.Slice(0, count);
        var bytes = taken.ToArray();
        transport.Input.AdvanceTo(taken.End);
        return bytes;
    }

    internal async Task<(ThinCliWire.Answer Kind, int Length)> ReadAnswerAsync(TimeSpan deadline, CancellationToken cancel)
    {
        var length = BitConverter.ToInt32(await ReadAsync(sizeof(int), deadline, cancel).ConfigureAwait(false));
        if (length is < sizeof(int) or > ThinCliLimits.MaxFrameBytes)
        {
            throw new ThinCliFormatException($"a frame of {length} bytes: allowed are {ThinCliLimits.MaxFrameBytes}");
        }

        return ThinCliWire.ReadAnswer(await ReadAsync(length, deadline, cancel).ConfigureAwait(false));
    }
}

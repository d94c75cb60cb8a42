using System.Buffers;
using Toolstack.Idl;

namespace Toolstack.Xapi.Http;

/// <summary>An answer that may be as large as the database. It is written piece by piece, each sent before the next is written, so that it
/// takes no more memory than a piece, however many rows there are and however slowly its client reads.</summary>
internal sealed class LongReply(IReplyForm form, MessageResult result) : IDisposable
{
    /// <summary>Room for a piece and the row that ends it.</summary>
    private readonly ArrayBufferWriter<byte> buffer = new(HttpLimits.PieceBytes + HttpLimits.PieceBytes / 4);
    private IEnumerator<int>? parts;

    /// <summary>What was written since the last <see cref="Sent"/>.</summary>
    internal ReadOnlyMemory<byte> Piece => buffer.WrittenMemory;

    /// <summary>Writes the next piece. False: it was the last.</summary>
    internal bool Fill()
    {
        parts ??= form.Parts(buffer, result).GetEnumerator();
        while (parts.MoveNext())
        {
            if (buffer.WrittenCount >= HttpLimits.PieceBytes)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The piece is no longer needed.</summary>
    internal void Sent() => buffer.ResetWrittenCount();

    public void Dispose() => parts?.Dispose();
}

using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>A channel that fails at the first write after it was told to.</summary>
internal sealed class BreakingChannel(IDataChannel channel) : IDataChannel
{
    private volatile bool broken;

    public long Bytes => channel.Bytes;

    public long WireBytes => channel.WireBytes;

    public void BreakSoon() => broken = true;

    public void Write(Span<IoVector> runs)
    {
        EndIfBroken();
        channel.Write(runs);
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        EndIfBroken();
        channel.Write(data);
    }

    public void Read(Span<IoVector> runs) => channel.Read(runs);

    public void Read(Span<byte> data) => channel.Read(data);

    public int ReadSome(Span<byte> data) => channel.ReadSome(data);

    public void FinishWriting() => channel.FinishWriting();

    public void FinishReading() => channel.FinishReading();

    public void End() => channel.End();

    public void Dispose() => channel.Dispose();

    private void EndIfBroken()
    {
        if (broken)
        {
            channel.End();
        }
    }
}

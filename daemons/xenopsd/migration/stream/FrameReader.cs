using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// The memory part of the libxc stream. Each PAGE_DATA record is read in three steps: its count, its frame numbers, which are
/// all checked before a byte of memory is touched, and then the frames, straight from the socket into the guest.
/// </summary>
internal sealed unsafe class FrameReader(IDataChannel io, IGuestMemory memory, GuestType type, IProgress<double> progress) : IDisposable
{
    private readonly IoVector[] _vectors = new IoVector[VectoredIo.MaxVectors];
    private readonly ulong[] _written = new ulong[(memory.PageCount + 63) / 64];
    private readonly byte[] _scratch = new byte[StreamLimits.PageSize];
    private ulong[] _entries = new ulong[StreamLimits.BatchPages];
    private long[] _gfns = new long[StreamLimits.BatchPages];
    private readonly FramePreparer _preparer = new(memory);
    private long _pageCount = memory.PageCount;
    private bool _verifying;
    private long _distinct;
    private double _reported;

    public long Frames { get; private set; }

    public long ZeroFrames { get; private set; }

    public void Dispose() => _preparer.Dispose();

    /// <summary>From here on frames are compared with the guest's memory and not stored (debugging aid of libxc senders).</summary>
    public void StartVerify() => _verifying = true;

    /// <summary>The guest has no frames from this one on.</summary>
    public void Limit(long pageCount) => _pageCount = pageCount;

    public void ReadPageData(uint length)
    {
        Span<byte> header = stackalloc byte[StreamFormat.CountHeaderBytes];
        if (length < header.Length)
        {
            throw new StreamError(StreamFault.BadLength, "PAGE_DATA: no count");
        }

        io.Read(header);
        var count = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (count == 0 || BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) != 0)
        {
            throw new StreamError(StreamFault.BadBody, "PAGE_DATA: no entries, or the reserved field set");
        }

        if (count > StreamLimits.MaxEntriesPerRecord)
        {
            throw new StreamError(StreamFault.TooMany, $"PAGE_DATA over {nameof(StreamLimits.MaxEntriesPerRecord)}");
        }

        var numbers = (long)StreamFormat.CountHeaderBytes + (count * (long)sizeof(ulong));
        if (numbers > length)
        {
            throw new StreamError(StreamFault.BadLength, "PAGE_DATA: length and count disagree");
        }

        var frames = ReadEntries((int)count);
        if (numbers + (frames * (long)StreamLimits.PageSize) != length)
        {
            throw new StreamError(StreamFault.BadLength, "PAGE_DATA: length and frames disagree");
        }

        if (_verifying)
        {
            Compare(frames);
        }
        else
        {
            memory.Populate(_entries.AsSpan(0, (int)count));
            Store(frames);
        }
    }

    public void ReadZeroPages(uint length, ReadOnlyMemory<byte> body)
    {
        var bytes = body.Span;
        var count = StateRecords.ParseCount(bytes, StreamFormat.ZeroRangeBytes, StreamLimits.MaxZeroRanges, $"ZERO_PAGES of {length} bytes");
        for (var i = 0; i < count; i++)
        {
            var range = bytes[(StreamFormat.CountHeaderBytes + (i * StreamFormat.ZeroRangeBytes))..];
            var first = BinaryPrimitives.ReadUInt64LittleEndian(range);
            var frames = BinaryPrimitives.ReadUInt64LittleEndian(range[8..]);
            if (frames == 0 || first >= (ulong)_pageCount || frames > (ulong)_pageCount - first)
            {
                throw new StreamError(StreamFault.FrameOutOfRange, $"ZERO_PAGES: {frames} frames from gfn {first}");
            }

            PopulateRange((long)first, (long)frames);
            Clear((long)first, (long)frames);
        }
    }

    private void PopulateRange(long first, long count)
    {
        for (var done = 0L; done < count && !_verifying; done += StreamLimits.BatchPages)
        {
            var part = _entries.AsSpan(0, (int)Math.Min(count - done, StreamLimits.BatchPages));
            for (var i = 0; i < part.Length; i++)
            {
                part[i] = (ulong)(first + done + i);
            }

            memory.Populate(part);
        }
    }

    /// <summary>Reads the frame numbers, checks each, and leaves those that carry data in <see cref="_gfns"/>; returns how many.</summary>
    private int ReadEntries(int count)
    {
        if (count > _entries.Length)
        {
            _entries = new ulong[count];
            _gfns = new long[count];
        }

        var entries = _entries.AsSpan(0, count);
        io.Read(MemoryMarshal.AsBytes(entries));
        var frames = 0;
        var ascending = true;
        foreach (var entry in entries)
        {
            var pfn = entry & StreamFormat.PfnMask;
            if ((entry & StreamFormat.ReservedPfnBits) != 0)
            {
                throw new StreamError(StreamFault.BadBody, "PAGE_DATA: reserved bits of a frame number set");
            }

            if (pfn >= (ulong)_pageCount)
            {
                throw new StreamError(StreamFault.FrameOutOfRange, $"PAGE_DATA: gfn {pfn} of {_pageCount}");
            }

            if (HasData((int)(entry >> StreamFormat.PageTypeShift)))
            {
                ascending &= frames == 0 || _gfns[frames - 1] < (long)pfn;
                _gfns[frames++] = (long)pfn;
            }
        }

        if (!ascending)
        {
            RequireDistinct(_gfns.AsSpan(0, frames));
        }

        return frames;
    }

    private bool HasData(int nibble) => nibble switch
    {
        StreamFormat.PageNoTab => true,
        StreamFormat.PageXtab or StreamFormat.PageBroken or StreamFormat.PageXalloc => false,
        _ when type == GuestType.Pv && StreamFormat.TableLevel(nibble) > 0 => true,
        _ => throw new StreamError(StreamFault.BadPageType, $"PAGE_DATA: type {nibble} in a domain of type {type}"),
    };

    private static void RequireDistinct(Span<long> gfns)
    {
        var sorted = gfns.ToArray();
        Array.Sort(sorted);
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                throw new StreamError(StreamFault.Duplicate, $"PAGE_DATA: gfn {sorted[i]} twice in one record");
            }
        }
    }

    private void Store(int frames)
    {
        var next = 0;
        while (next < frames)
        {
            var runs = 0;
            while (next < frames && runs < _vectors.Length)
            {
                var start = next++;
                while (next < frames && _gfns[next] == _gfns[next - 1] + 1)
                {
                    next++;
                }

                // SAFETY: ReadEntries checked every gfn against the limit, which is PageCount at most; a run is made of such gfns only.
                _vectors[runs++] = new IoVector(memory.Frames(_gfns[start], next - start), (next - start) * (long)StreamLimits.PageSize);
                MarkWritten(_gfns[start], next - start);
            }

            _preparer.Advance(_gfns[next - 1] + 1);
            io.Read(_vectors.AsSpan(0, runs));
        }

        Frames += frames;
        Report();
    }

    private void Compare(int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            io.Read(_scratch);
            // SAFETY: as in Store.
            if (!new ReadOnlySpan<byte>(memory.Frames(_gfns[i], 1), StreamLimits.PageSize).SequenceEqual(_scratch))
            {
                throw new StreamError(StreamFault.VerifyMismatch, $"gfn {_gfns[i]}");
            }
        }
    }

    private void Clear(long first, long count)
    {
        for (var gfn = first; gfn < first + count; gfn++)
        {
            var written = (_written[gfn / 64] >> (int)(gfn % 64) & 1) != 0;
            if (!written && memory.FreshFramesAreZero)
            {
                continue;
            }

            // SAFETY: the range was checked against PageCount.
            Span<byte> frame = new(memory.Frames(gfn, 1), StreamLimits.PageSize);
            if (_verifying && frame.ContainsAnyExcept((byte)0))
            {
                throw new StreamError(StreamFault.VerifyMismatch, $"gfn {gfn}");
            }

            frame.Clear();
        }

        ZeroFrames += count;
        MarkWritten(first, count);
        Report();
    }

    private void MarkWritten(long first, long count)
    {
        for (var gfn = first; gfn < first + count; gfn++)
        {
            ref var word = ref _written[gfn / 64];
            var bit = 1UL << (int)(gfn % 64);
            _distinct += (word & bit) == 0 ? 1 : 0;
            word |= bit;
        }
    }

    private void Report()
    {
        var fraction = Math.Min(1, (double)_distinct / (memory.ExpectedFrames + 1));
        if (fraction >= _reported + 0.01)
        {
            _reported = fraction;
            progress.Report(fraction);
        }
    }
}

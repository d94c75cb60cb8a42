using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Frames gathered for one PAGE_DATA record. The record's header and frame numbers stand in a pinned buffer, neighbouring
/// frames are one run, and the whole record leaves with one vectored write straight from the guest's frames. Frames that turn
/// out not to exist are left out; those of zeros go to <paramref name="zeros"/>, if the peer takes such ranges.
/// </summary>
internal sealed unsafe class PageBatch(IDataChannel io, IGuestMemory memory, ZeroRanges? zeros)
{
    private const int FirstEntry = 2; // in words: record header, count header
    private readonly ulong[] _gfns = new ulong[StreamLimits.BatchPages];
    private readonly byte[] _types = new byte[StreamLimits.BatchPages];
    private readonly bool[] _zero = new bool[StreamLimits.BatchPages];
    private readonly nint[] _frames = GC.AllocateArray<nint>(StreamLimits.BatchPages, pinned: true);
    private readonly ulong[] _head = GC.AllocateArray<ulong>(FirstEntry + StreamLimits.BatchPages, pinned: true);
    private readonly IoVector[] _vectors = GC.AllocateArray<IoVector>(1 + StreamLimits.BatchPages, pinned: true);

    /// <summary>Frames gathered and not yet written.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == StreamLimits.BatchPages;

    /// <summary>Adds a frame; gfns must ascend within a batch.</summary>
    public void Add(long gfn) => _gfns[Count++] = (ulong)gfn;

    /// <summary>Writes the record, if there is anything in it, and empties the batch.</summary>
    public void Flush()
    {
        if (Count == 0)
        {
            return;
        }

        fixed (nint* frames = _frames)
        {
            memory.Fetch(_gfns.AsSpan(0, Count), _types, (byte**)frames);
        }

        var (entries, pages, runs) = Gather();
        Count = 0;
        if (entries == 0)
        {
            return;
        }

        var bodyLength = (uint)(StreamFormat.CountHeaderBytes + (entries * sizeof(ulong)) + (pages * StreamLimits.PageSize));
        _head[0] = (uint)RecordType.PageData | ((ulong)bodyLength << 32);
        _head[1] = (uint)entries;
        // SAFETY: _head is pinned for life by its allocation, so its address stays good while the call reads it.
        var head = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _head[0]);
        _vectors[0] = new IoVector(head, (FirstEntry + entries) * sizeof(ulong));
        io.Write(_vectors.AsSpan(0, 1 + runs));
    }

    /// <summary>Sorts what was fetched into entries of the record and runs of memory.</summary>
    private (int Entries, int Pages, int Runs) Gather()
    {
        FindZeros();
        int entries = 0, pages = 0, runs = 0;
        byte* end = null;
        for (var i = 0; i < Count; i++)
        {
            var frame = (byte*)_frames[i];
            if (frame is null)
            {
                if (_types[i] == StreamFormat.PageBroken)
                {
                    _head[FirstEntry + entries++] = Entry(i);
                }

                continue;
            }

            if (_zero[i])
            {
                zeros?.Add((long)_gfns[i], 1);
                continue;
            }

            _head[FirstEntry + entries++] = Entry(i);
            pages++;
            if (frame == end)
            {
                _vectors[runs].Length += StreamLimits.PageSize;
            }
            else
            {
                _vectors[++runs] = new IoVector(frame, StreamLimits.PageSize);
            }

            end = frame + StreamLimits.PageSize;
        }

        return (entries, pages, runs);
    }

    /// <summary>Marks the frames that are told as ranges of zeros.</summary>
    private void FindZeros()
    {
        var run = 0;
        for (var i = 0; i < Count; i++)
        {
            // SAFETY: memory answers for what it has fetched until the next Fetch. A guest that writes meanwhile makes the frame
            // dirty, so a wrong answer is corrected by a later pass.
            _zero[i] = zeros is not null && _types[i] == StreamFormat.PageNoTab && _frames[i] != 0 && IsZero((byte*)_frames[i]);
            if (_zero[i] && (run == 0 || _gfns[i] == _gfns[i - 1] + 1))
            {
                run++;
                continue;
            }

            Shorten(i, run);
            run = _zero[i] ? 1 : 0;
        }

        Shorten(Count, run);
    }

    /// <summary>A run of zeros that ends before <paramref name="end"/> and is too short is data after all.</summary>
    private void Shorten(int end, int run)
    {
        if (run < memory.LeastZeroRun)
        {
            _zero.AsSpan(end - run, run).Clear();
        }
    }

    private ulong Entry(int index) => _gfns[index] | (ulong)_types[index] << StreamFormat.PageTypeShift;

    private static bool IsZero(byte* frame) =>
        *(ulong*)frame == 0 && !new ReadOnlySpan<byte>(frame, StreamLimits.PageSize).ContainsAnyExcept((byte)0);
}

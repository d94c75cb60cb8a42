using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Frames gathered for one PAGE_DATA record. The record's header and frame numbers stand in a pinned buffer, neighbouring
/// frames are one run, and the whole record leaves with one vectored write straight from the guest's frames.
/// </summary>
internal sealed unsafe class PageBatch
{
    private const int FirstEntry = 2; // in words: record header, count header
    private readonly IDataChannel _io;
    private readonly IGuestMemory _memory;
    private readonly ulong[] _head = GC.AllocateArray<ulong>(FirstEntry + StreamLimits.BatchPages, pinned: true);
    private readonly IoVector[] _vectors = GC.AllocateArray<IoVector>(1 + StreamLimits.BatchPages, pinned: true);
    private long _runStart;
    private long _runLength;
    private int _runs;

    public PageBatch(IDataChannel io, IGuestMemory memory)
    {
        _io = io;
        _memory = memory;
    }

    /// <summary>Frames gathered and not yet written.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == StreamLimits.BatchPages;

    /// <summary>Adds a frame; gfns must ascend within a batch for runs to form.</summary>
    public void Add(long gfn)
    {
        if (_runLength > 0 && gfn == _runStart + _runLength)
        {
            _runLength++;
        }
        else
        {
            CloseRun();
            _runStart = gfn;
            _runLength = 1;
        }

        // The type nibble of an HVM frame is NOTAB (0), so the entry is the bare number.
        _head[FirstEntry + Count++] = (ulong)gfn;
    }

    /// <summary>Writes the record, if there is anything in it, and empties the batch.</summary>
    public void Flush()
    {
        if (Count == 0)
        {
            return;
        }

        CloseRun();
        var bodyLength = (uint)(StreamFormat.CountHeaderBytes + (Count * (sizeof(ulong) + StreamLimits.PageSize)));
        _head[0] = (uint)RecordType.PageData | ((ulong)bodyLength << 32);
        _head[1] = (uint)Count;
        // SAFETY: _head is pinned for life by its allocation, so its address stays good while the call reads it.
        var head = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _head[0]);
        _vectors[0] = new IoVector(head, (FirstEntry + Count) * sizeof(ulong));
        var runs = _runs;
        Count = 0;
        _runs = 0;
        _io.Write(_vectors.AsSpan(0, 1 + runs));
    }

    private void CloseRun()
    {
        if (_runLength == 0)
        {
            return;
        }

        // SAFETY: the engine hands only gfns below PageCount to Add, and the mapping outlives the engine.
        _vectors[1 + _runs++] = new IoVector(_memory.Frames(_runStart, _runLength), _runLength * StreamLimits.PageSize);
        _runLength = 0;
    }
}

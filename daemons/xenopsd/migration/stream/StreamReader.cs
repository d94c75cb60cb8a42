using System.Buffers.Binary;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Reads the libxc stream (versions 2 and 3) of an x86 domain, strictly: fields that must be zero are, lengths agree
/// with contents, every frame lies in the guest, what may come once comes once and in order. Frames go straight from the socket
/// into the guest (<see cref="FrameReader"/>); the state at the end is kept in <see cref="State"/>.
/// </summary>
/// <remarks>
/// Order: headers, static data up to STATIC_DATA_END, memory, state, END. A version 2 stream has no STATIC_DATA_END: the first
/// PAGE_DATA takes its place, or X86_PV_P2M_FRAMES, which a PV guest has before its first frame.
/// </remarks>
internal sealed class StreamReader(IDataChannel io, IRestoreTarget target, IProgress<double> progress) : IDisposable
{
    private enum Phase
    {
        StaticData,
        Memory,
        State,
        Ended,
    }

    private readonly FrameReader _frames = new(io, target.Memory, target.Type, progress);
    private readonly PvRecords _pv = new();
    private readonly HashSet<RecordType> _seen = [];
    private readonly byte[] _header = new byte[StreamFormat.RecordHeaderBytes];
    private Phase _phase = Phase.StaticData;
    private uint _version;
    private int _skipped;
    private ReadOnlyMemory<byte> _cpuid;
    private ReadOnlyMemory<byte> _msrs;
    private ReadOnlyMemory<byte>? _context;
    private IReadOnlyList<HvmParam> _parameters = [];
    private TscInfo? _tsc;

    /// <summary>What the guest goes on from; null before END.</summary>
    public DynamicState? State { get; private set; }

    /// <summary>Frames received as data, repetitions included.</summary>
    public long Frames => _frames.Frames;

    /// <summary>Frames received as ranges of zeros.</summary>
    public long ZeroFrames => _frames.ZeroFrames;

    public void Dispose() => _frames.Dispose();

    /// <summary>Reads from the image header up to and including END.</summary>
    public void Read()
    {
        ReadHeaders();
        while (_phase != Phase.Ended)
        {
            io.Read(_header);
            var type = (RecordType)BinaryPrimitives.ReadUInt32LittleEndian(_header);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(4));
            if (length > StreamLimits.MaxRecordLength)
            {
                throw new StreamError(StreamFault.BadLength, $"{type} record over {nameof(StreamLimits.MaxRecordLength)}");
            }

            ReadRecord(type, length);
        }
    }

    private void ReadHeaders()
    {
        Span<byte> image = stackalloc byte[StreamFormat.ImageHeaderBytes];
        io.Read(image);
        if (BinaryPrimitives.ReadUInt64BigEndian(image) != StreamFormat.Marker
            || BinaryPrimitives.ReadUInt32BigEndian(image[8..]) != StreamFormat.Id)
        {
            throw new StreamError(StreamFault.BadHeader, "no libxc image header");
        }

        _version = BinaryPrimitives.ReadUInt32BigEndian(image[12..]);
        if (_version is not (StreamFormat.Version or StreamFormat.OldVersion))
        {
            throw new StreamError(StreamFault.UnsupportedVersion, $"version {_version}");
        }

        var options = BinaryPrimitives.ReadUInt16BigEndian(image[16..]);
        if (options != 0 || image[18..].ContainsAnyExcept((byte)0))
        {
            var why = (options & StreamFormat.BigEndianOption) != 0 ? "a big-endian stream" : "reserved fields set";
            throw new StreamError(StreamFault.BadHeader, why);
        }

        ReadDomainHeader();
    }

    private void ReadDomainHeader()
    {
        Span<byte> domain = stackalloc byte[StreamFormat.DomainHeaderBytes];
        io.Read(domain);
        var type = BinaryPrimitives.ReadUInt32LittleEndian(domain);
        if (type != (uint)target.Type)
        {
            throw new StreamError(StreamFault.UnsupportedDomainType, $"type {type}, the domain is {target.Type}");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(domain[4..]) != StreamFormat.PageShift
            || BinaryPrimitives.ReadUInt16LittleEndian(domain[6..]) != 0)
        {
            throw new StreamError(StreamFault.BadHeader, "page size or reserved field of the domain header");
        }
    }

    private void ReadRecord(RecordType type, uint length)
    {
        switch (type)
        {
            case RecordType.PageData:
                EnterMemory(type);
                RequireTable();
                _frames.ReadPageData(length);
                break;
            case RecordType.ZeroPages:
                EnterMemory(type);
                RequireTable();
                _frames.ReadZeroPages(length, ReadBody(type, length, StreamLimits.MaxStateLength));
                break;
            case RecordType.Verify:
                EnterMemory(type);
                RequireEmpty(type, length);
                _frames.StartVerify();
                break;
            case RecordType.X86CpuidPolicy:
                _cpuid = ReadPolicy(type, length, StreamFormat.CpuidLeafBytes);
                break;
            case RecordType.X86MsrPolicy:
                _msrs = ReadPolicy(type, length, StreamFormat.MsrEntryBytes);
                break;
            case RecordType.X86PvInfo when target.Type == GuestType.Pv:
                ReadPvInfo(type, length);
                break;
            case RecordType.X86PvP2mFrames when target.Type == GuestType.Pv:
                ReadTable(type, length);
                break;
            case RecordType.StaticDataEnd:
                Require(type, Phase.StaticData);
                RequireEmpty(type, length);
                EndStaticData();
                break;
            case RecordType.X86TscInfo:
                EnterState(type);
                _tsc = StateRecords.ParseTscInfo(ReadBody(type, length, StreamFormat.TscInfoBytes));
                break;
            case var part when target.Type == GuestType.Pv && PvRecords.Has(part):
                RequireState(type);
                _pv.Take(type, ReadBody(type, length, StreamLimits.MaxStateLength));
                break;
            case RecordType.HvmContext when target.Type == GuestType.Hvm:
                EnterState(type);
                _context = ReadBody(type, length, StreamLimits.MaxStateLength);
                break;
            case RecordType.HvmParams when target.Type == GuestType.Hvm:
                EnterState(type);
                _parameters = StateRecords.ParseHvmParams(ReadBody(type, length, StreamLimits.MaxStateLength));
                break;
            case RecordType.End:
                RequireEmpty(type, length);
                End();
                break;
            default:
                SkipOptional(type, length);
                break;
        }
    }

    private ReadOnlyMemory<byte> ReadPolicy(RecordType type, uint length, int entry)
    {
        Require(type, Phase.StaticData);
        Once(type);
        var body = ReadBody(type, length, StreamLimits.MaxStateEntries * entry);
        return body.Length % entry == 0
            ? body
            : throw new StreamError(StreamFault.BadLength, $"{type}: not whole entries of {entry} bytes");
    }

    private void EndStaticData()
    {
        target.SetStaticState(new StaticState(_cpuid, _msrs));
        _phase = Phase.Memory;
    }

    private void EnterMemory(RecordType type)
    {
        if (_phase == Phase.StaticData && _version == StreamFormat.OldVersion)
        {
            EndStaticData();
        }

        Require(type, Phase.Memory);
    }

    /// <summary>Records of the state: TSC info, context and parameters come in any order, each once, after the memory.</summary>
    private void EnterState(RecordType type)
    {
        Once(type);
        RequireState(type);
    }

    private void RequireState(RecordType type)
    {
        if (_phase == Phase.Memory)
        {
            _phase = Phase.State;
        }

        Require(type, Phase.State);
    }

    private void ReadPvInfo(RecordType type, uint length)
    {
        Require(type, Phase.StaticData);
        Once(type);
        if (!ReadBody(type, length, StreamFormat.PvInfo.Length).Span.SequenceEqual(StreamFormat.PvInfo))
        {
            throw new StreamError(StreamFault.BadBody, "X86_PV_INFO: not a guest of 64 bits and 4 levels");
        }
    }

    private void ReadTable(RecordType type, uint length)
    {
        EnterMemory(type);
        Once(type);
        var body = ReadBody(type, length, StreamLimits.MaxTableFramesLength);
        var table = PvRecords.ParseTable(body, target.Memory.PageCount);
        target.SetTable(table);
        _frames.Limit(table.MaxPfn + 1);
    }

    private void RequireTable()
    {
        if (target.Type == GuestType.Pv && !_seen.Contains(RecordType.X86PvP2mFrames))
        {
            throw new StreamError(StreamFault.MissingRecord, "frames of a PV guest before X86_PV_P2M_FRAMES");
        }
    }

    private void End()
    {
        if (target.Type == GuestType.Pv)
        {
            State = new DynamicState(ReadOnlyMemory<byte>.Empty, [], _tsc) { Pv = _pv.Complete() };
        }
        else if (_context is { } context)
        {
            State = new DynamicState(context, _parameters, _tsc);
        }
        else
        {
            throw new StreamError(StreamFault.MissingRecord, "END without HVM_CONTEXT");
        }

        _phase = Phase.Ended;
    }

    private void SkipOptional(RecordType type, uint length)
    {
        if (((uint)type & StreamFormat.OptionalBit) == 0)
        {
            throw new StreamError(StreamFault.UnknownRecord, $"record type 0x{(uint)type:x8}");
        }

        if (++_skipped > StreamLimits.MaxSkippedRecords)
        {
            throw new StreamError(StreamFault.TooMany, $"over {nameof(StreamLimits.MaxSkippedRecords)} optional records");
        }

        var left = length + (uint)StreamFormat.Padding(length);
        var scratch = new byte[StreamLimits.PageSize];
        while (left > 0)
        {
            var part = (int)Math.Min(left, (uint)scratch.Length);
            io.Read(scratch.AsSpan(0, part));
            left -= (uint)part;
        }
    }

    private ReadOnlyMemory<byte> ReadBody(RecordType type, uint length, int limit)
    {
        if (length > limit)
        {
            throw new StreamError(StreamFault.BadLength, $"{type} record of {length} bytes, over {limit}");
        }

        var body = new byte[length + (uint)StreamFormat.Padding(length)];
        io.Read(body);
        return body.AsSpan((int)length).ContainsAnyExcept((byte)0)
            ? throw new StreamError(StreamFault.BadBody, $"{type}: padding is not zero")
            : body.AsMemory(0, (int)length);
    }

    private void Once(RecordType type)
    {
        if (!_seen.Add(type))
        {
            throw new StreamError(StreamFault.Duplicate, $"a second {type} record");
        }
    }

    private void Require(RecordType type, Phase phase)
    {
        if (_phase != phase)
        {
            throw new StreamError(StreamFault.UnexpectedRecord, $"{type} in the phase {_phase}");
        }
    }

    private static void RequireEmpty(RecordType type, uint length)
    {
        if (length != 0)
        {
            throw new StreamError(StreamFault.BadLength, $"{type} record with a body");
        }
    }
}

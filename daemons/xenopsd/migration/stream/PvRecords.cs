using System.Buffers.Binary;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>The state records of a PV guest as they come, each checked by itself: SHARED_INFO once, then up to four parts for each
/// vCPU, the first of which is its registers.</summary>
internal sealed class PvRecords
{
    private readonly SortedDictionary<int, PvVcpu> vcpus = [];
    private ReadOnlyMemory<byte>? sharedInfo;

    public static bool Has(RecordType type) => type is
        RecordType.SharedInfo or RecordType.X86PvVcpuBasic or RecordType.X86PvVcpuExtended or RecordType.X86PvVcpuXsave or RecordType.X86PvVcpuMsrs;

    /// <summary>Takes one record of a type that <see cref="Has"/> names.</summary>
    public void Take(RecordType type, ReadOnlyMemory<byte> body)
    {
        if (type != RecordType.SharedInfo)
        {
            TakeVcpu(type, body);
        }
        else if (body.Length != StreamLimits.PageSize)
        {
            throw new StreamError(StreamFault.BadLength, "SHARED_INFO is not one frame");
        }
        else
        {
            sharedInfo = sharedInfo is null ? body : throw new StreamError(StreamFault.Duplicate, "a second SHARED_INFO record");
        }
    }

    /// <summary>What has been taken; MissingRecord when a guest cannot run from it.</summary>
    public PvState Complete()
    {
        if (sharedInfo is not { } page || !vcpus.TryGetValue(0, out var first) || first.Basic.IsEmpty)
        {
            throw new StreamError(StreamFault.MissingRecord, "END without SHARED_INFO, or without the first vCPU");
        }

        foreach (var vcpu in vcpus.Values)
        {
            if (vcpu.Basic.IsEmpty)
            {
                throw new StreamError(StreamFault.MissingRecord, $"vCPU {vcpu.Id} has no registers");
            }
        }

        return new PvState(page, [.. vcpus.Values]);
    }

    /// <summary>The body of X86_PV_P2M_FRAMES.</summary>
    public static PvTable ParseTable(ReadOnlyMemory<byte> body, long pageCount)
    {
        var bytes = body.Span;
        if (bytes.Length < StreamFormat.CountHeaderBytes)
        {
            throw new StreamError(StreamFault.BadLength, "X86_PV_P2M_FRAMES: no range");
        }

        var first = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var last = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        if (first != 0 || last >= pageCount)
        {
            throw new StreamError(StreamFault.FrameOutOfRange, $"X86_PV_P2M_FRAMES: pfns {first} to {last} of {pageCount}");
        }

        var count = (last / StreamFormat.TableEntriesPerFrame) + 1;
        if (bytes.Length != StreamFormat.CountHeaderBytes + (count * sizeof(ulong)))
        {
            throw new StreamError(StreamFault.BadLength, "X86_PV_P2M_FRAMES: length and range disagree");
        }

        var frames = new ulong[count];
        for (var i = 0; i < frames.Length; i++)
        {
            frames[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(StreamFormat.CountHeaderBytes + (i * sizeof(ulong)))..]);
            if (frames[i] > last)
            {
                throw new StreamError(StreamFault.FrameOutOfRange, $"X86_PV_P2M_FRAMES: pfn {frames[i]} over {last}");
            }
        }

        return new PvTable(last, frames);
    }

    private void TakeVcpu(RecordType type, ReadOnlyMemory<byte> body)
    {
        if (body.Length < StreamFormat.VcpuHeaderBytes)
        {
            throw new StreamError(StreamFault.BadLength, $"{type}: no vCPU");
        }

        var id = BinaryPrimitives.ReadUInt32LittleEndian(body.Span);
        if (id >= StreamLimits.MaxVcpus || BinaryPrimitives.ReadUInt32LittleEndian(body.Span[4..]) != 0)
        {
            throw new StreamError(StreamFault.BadBody, $"{type}: vCPU {id}, or reserved field set");
        }

        var part = body[StreamFormat.VcpuHeaderBytes..];
        if (!HasLength(type, part.Length))
        {
            throw new StreamError(StreamFault.BadLength, $"{type} of {part.Length} bytes");
        }

        var vcpu = vcpus.GetValueOrDefault((int)id) ?? new PvVcpu((int)id, default, default, default, default);
        vcpus[(int)id] = type switch
        {
            RecordType.X86PvVcpuBasic when vcpu.Basic.IsEmpty => vcpu with { Basic = part },
            RecordType.X86PvVcpuExtended when vcpu.Extended.IsEmpty => vcpu with { Extended = part },
            RecordType.X86PvVcpuXsave when vcpu.Xsave.IsEmpty => vcpu with { Xsave = part },
            RecordType.X86PvVcpuMsrs when vcpu.Msrs.IsEmpty => vcpu with { Msrs = part },
            _ => throw new StreamError(StreamFault.Duplicate, $"a second {type} record of vCPU {id}"),
        };
    }

    private static bool HasLength(RecordType type, int length) => type switch
    {
        RecordType.X86PvVcpuBasic => length == StreamFormat.VcpuBasicBytes,
        RecordType.X86PvVcpuExtended => length is > 0 and <= StreamFormat.MaxVcpuExtendedBytes,
        RecordType.X86PvVcpuXsave => length >= StreamFormat.LeastXsaveBytes,
        _ => length > 0 && length % StreamFormat.MsrEntryBytes == 0,
    };
}

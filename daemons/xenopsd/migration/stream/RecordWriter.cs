using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Writes the libxc stream, version 3, for an x86 domain: the two headers and every record but PAGE_DATA, which
/// <see cref="PageBatch"/> writes straight from the frames. Raises what <see cref="IDataChannel"/> raises.
/// </summary>
internal sealed class RecordWriter(IDataChannel io)
{
    // What the domain header says the stream comes from; readers only print it.
    private const uint XenMajor = 4;
    private const uint XenMinor = 17;

    public void WriteHeaders(GuestType type)
    {
        Span<byte> bytes = stackalloc byte[StreamFormat.ImageHeaderBytes + StreamFormat.DomainHeaderBytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, StreamFormat.Marker);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], StreamFormat.Id);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], StreamFormat.Version);
        var domain = bytes[StreamFormat.ImageHeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(domain, (uint)type);
        BinaryPrimitives.WriteUInt16LittleEndian(domain[4..], StreamFormat.PageShift);
        BinaryPrimitives.WriteUInt32LittleEndian(domain[8..], XenMajor);
        BinaryPrimitives.WriteUInt32LittleEndian(domain[12..], XenMinor);
        io.Write(bytes);
    }

    public void WriteStaticState(GuestType type, StaticState state)
    {
        if (type == GuestType.Pv)
        {
            Write(RecordType.X86PvInfo, StreamFormat.PvInfo);
        }

        Write(RecordType.X86CpuidPolicy, state.CpuidPolicy.Span);
        Write(RecordType.X86MsrPolicy, state.MsrPolicy.Span);
        Write(RecordType.StaticDataEnd, []);
    }

    public void WriteTable(PvTable table)
    {
        var body = new byte[StreamFormat.CountHeaderBytes + (table.Frames.Length * sizeof(ulong))];
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), checked((uint)table.MaxPfn));
        MemoryMarshal.AsBytes(table.Frames.AsSpan()).CopyTo(body.AsSpan(StreamFormat.CountHeaderBytes));
        Write(RecordType.X86PvP2mFrames, body);
    }

    public void WriteDynamicState(DynamicState state)
    {
        if (state.Tsc is { } tsc)
        {
            Span<byte> body = stackalloc byte[StreamFormat.TscInfoBytes];
            body.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(body, tsc.Mode);
            BinaryPrimitives.WriteUInt32LittleEndian(body[4..], tsc.Khz);
            BinaryPrimitives.WriteUInt64LittleEndian(body[8..], tsc.Nanoseconds);
            BinaryPrimitives.WriteUInt32LittleEndian(body[16..], tsc.Incarnation);
            Write(RecordType.X86TscInfo, body);
        }

        if (state.Pv is { } pv)
        {
            WritePvState(pv);
            return;
        }

        Write(RecordType.HvmContext, state.HvmContext.Span);
        var parameters = new byte[StreamFormat.CountHeaderBytes + (state.HvmParams.Count * StreamFormat.HvmParamBytes)];
        BinaryPrimitives.WriteInt32LittleEndian(parameters, state.HvmParams.Count);
        var rest = parameters.AsSpan(StreamFormat.CountHeaderBytes);
        foreach (var parameter in state.HvmParams)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, parameter.Index);
            BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], parameter.Value);
            rest = rest[StreamFormat.HvmParamBytes..];
        }

        Write(RecordType.HvmParams, parameters);
    }

    public void WriteZeroPages(ReadOnlySpan<(long First, long Count)> ranges)
    {
        var body = new byte[StreamFormat.CountHeaderBytes + (ranges.Length * StreamFormat.ZeroRangeBytes)];
        BinaryPrimitives.WriteInt32LittleEndian(body, ranges.Length);
        var rest = body.AsSpan(StreamFormat.CountHeaderBytes);
        foreach (var (first, count) in ranges)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, first);
            BinaryPrimitives.WriteInt64LittleEndian(rest[8..], count);
            rest = rest[StreamFormat.ZeroRangeBytes..];
        }

        Write(RecordType.ZeroPages, body);
    }

    private void WritePvState(PvState state)
    {
        Write(RecordType.SharedInfo, state.SharedInfo.Span);
        foreach (var vcpu in state.Vcpus)
        {
            WriteVcpu(RecordType.X86PvVcpuBasic, vcpu.Id, vcpu.Basic);
            WriteVcpu(RecordType.X86PvVcpuExtended, vcpu.Id, vcpu.Extended);
            WriteVcpu(RecordType.X86PvVcpuXsave, vcpu.Id, vcpu.Xsave);
            WriteVcpu(RecordType.X86PvVcpuMsrs, vcpu.Id, vcpu.Msrs);
        }
    }

    private void WriteVcpu(RecordType type, int id, ReadOnlyMemory<byte> part)
    {
        if (part.Length > 0)
        {
            var body = new byte[StreamFormat.VcpuHeaderBytes + part.Length];
            BinaryPrimitives.WriteInt32LittleEndian(body, id);
            part.Span.CopyTo(body.AsSpan(StreamFormat.VcpuHeaderBytes));
            Write(type, body);
        }
    }

    public void WriteEnd() => Write(RecordType.End, []);

    /// <summary>One record: header, body and padding in one system call.</summary>
    internal void Write(RecordType type, ReadOnlySpan<byte> body)
    {
        var padded = new byte[StreamFormat.RecordHeaderBytes + body.Length + StreamFormat.Padding((uint)body.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(padded, (uint)type);
        BinaryPrimitives.WriteInt32LittleEndian(padded.AsSpan(4), body.Length);
        body.CopyTo(padded.AsSpan(StreamFormat.RecordHeaderBytes));
        io.Write(padded);
    }
}

using System.Buffers.Binary;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Bodies of the small records at the end of the libxc stream.</summary>
internal static class StateRecords
{
    public static TscInfo ParseTscInfo(ReadOnlyMemory<byte> body)
    {
        var bytes = body.Span;
        if (bytes.Length != StreamFormat.TscInfoBytes)
        {
            throw new StreamError(StreamFault.BadLength, "X86_TSC_INFO");
        }

        return new TscInfo(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]));
    }

    public static IReadOnlyList<HvmParam> ParseHvmParams(ReadOnlyMemory<byte> body)
    {
        var bytes = body.Span;
        var count = ParseCount(bytes, StreamFormat.HvmParamBytes, StreamLimits.MaxStateEntries, nameof(RecordType.HvmParams));
        var parameters = new HvmParam[count];
        for (var i = 0; i < count; i++)
        {
            var entry = bytes[(StreamFormat.CountHeaderBytes + (i * StreamFormat.HvmParamBytes))..];
            parameters[i] = new HvmParam(
                BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
        }

        return parameters;
    }

    /// <summary>The count at the start of a body whose rest is exactly that many entries.</summary>
    public static int ParseCount(ReadOnlySpan<byte> body, int entryBytes, int limit, string record)
    {
        if (body.Length < StreamFormat.CountHeaderBytes)
        {
            throw new StreamError(StreamFault.BadLength, $"{record}: no count");
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(body);
        if (count > limit)
        {
            throw new StreamError(StreamFault.TooMany, $"{record}: {count} entries, over {limit}");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(body[4..]) != 0)
        {
            throw new StreamError(StreamFault.BadBody, $"{record}: reserved field set");
        }

        return body.Length == StreamFormat.CountHeaderBytes + ((int)count * entryBytes)
            ? (int)count
            : throw new StreamError(StreamFault.BadLength, $"{record}: length and count disagree");
    }
}

using System.Buffers;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.MessagePack;

namespace Toolstack.Xapi.Database;

/// <summary>The body of a stored row: a MessagePack map of the class's persistent fields by name. What it lacks is at its default after
/// reading, what the class no longer has is passed over, so files of older and newer field lists can be read.</summary>
internal static class RowCodec
{
    internal static byte[] Encode(XenObject row)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        var writer = new MessagePackValueWriter(buffer);
        writer.BeginStruct(row.Class.Fields.Count(IsStored));
        foreach (XenField field in row.Class.Fields)
        {
            if (IsStored(field))
            {
                writer.Member(field.Name);
                field.Write(row, writer);
            }
        }

        writer.EndStruct();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Raises <see cref="WireFormatException"/> or <see cref="ValueFormatException"/> for a body that is no row of the class.</summary>
    internal static XenObject Decode(XenClass info, ReadOnlyMemory<byte> body)
    {
        XenObject row = info.Fresh();
        foreach ((string name, Value value) in MessagePackValueReader.Parse(body).AsStruct().Members)
        {
            if (info.Field(name) is { } field && IsStored(field))
            {
                field.Set(row, value);
            }
        }

        return row;
    }

    private static bool IsStored(XenField field) => field.Persistent && !field.IsInverse;
}

using System.Buffers;
using MessagePack;

namespace Toolstack.Idl.MessagePack;

/// <summary>Writes values as MessagePack: struct members as a map with text keys, dates as text.</summary>
public sealed class MessagePackValueWriter(IBufferWriter<byte> output) : ValueWriter
{
    public override void Null()
    {
        MessagePackWriter writer = new(output);
        writer.WriteNil();
        writer.Flush();
    }

    public override void String(string value)
    {
        MessagePackWriter writer = new(output);
        writer.Write(value);
        writer.Flush();
    }

    public override void Int(long value)
    {
        MessagePackWriter writer = new(output);
        writer.Write(value);
        writer.Flush();
    }

    public override void Float(double value)
    {
        MessagePackWriter writer = new(output);
        writer.Write(value);
        writer.Flush();
    }

    public override void Bool(bool value)
    {
        MessagePackWriter writer = new(output);
        writer.Write(value);
        writer.Flush();
    }

    public override void BeginArray(int count)
    {
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(count);
        writer.Flush();
    }

    public override void EndArray()
    {
    }

    public override void BeginStruct(int count)
    {
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(count);
        writer.Flush();
    }

    public override void Member(string name) => String(name);

    public override void EndStruct()
    {
    }
}

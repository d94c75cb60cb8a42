using System.Buffers;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Idl.MessagePack;
using Toolstack.Idl.XmlRpc;
using Xunit;

namespace Toolstack.Tests.Idl;

public class CodecTests
{
    [Fact]
    public void Every_encoding_gives_back_what_was_written()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            Value value = new RandomValues(seed).Value(integers: true);
            Assert.Equal(RandomValues.Show(value), RandomValues.Show(ValueBuilder.Build(w => w.Dynamic(value))));

            ArrayBufferWriter<byte> json = new();
            JsonValueWriter.Write(json, w => w.Dynamic(value));
            Assert.Equal(RandomValues.Show(value), RandomValues.Show(JsonValueReader.Parse(json.WrittenSpan)));

            ArrayBufferWriter<byte> packed = new();
            new MessagePackValueWriter(packed).Dynamic(value);
            Assert.Equal(RandomValues.Show(value), RandomValues.Show(MessagePackValueReader.Parse(packed.WrittenMemory)));

            Value untyped = new RandomValues(seed).Value(integers: false);
            Assert.Equal(RandomValues.Show(untyped), RandomValues.Show(XmlRpcEnvelope.ParseValue(XmlRpcEnvelope.WriteValue(w => w.Dynamic(untyped)))));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1] 2")]
    [InlineData("\"\\ud800\"")]
    [InlineData("nul")]
    public void Refuses_what_is_no_json(string document) => Assert.Throws<WireFormatException>(() => JsonValueReader.Parse(Encoding.UTF8.GetBytes(document)));

    [Fact]
    public void Json_numbers_keep_their_kind()
    {
        ArrayBufferWriter<byte> output = new();
        JsonValueWriter.Write(output, w =>
        {
            w.BeginArray(4);
            w.Float(30);
            w.Int(30);
            w.Float(double.NaN);
            w.Void();
            w.EndArray();
        });
        Assert.Equal("[30.0,30,null,\"\"]", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x92, 0x01 })]
    [InlineData(new byte[] { 0xdd, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0xdb, 0x7f, 0xff, 0xff, 0xff, 0x41 })]
    [InlineData(new byte[] { 0x01, 0x01 })]
    [InlineData(new byte[] { 0xc4, 0x01, 0x00 })]
    [InlineData(new byte[] { 0x81, 0x01, 0x01 })]
    [InlineData(new byte[] { 0xc1 })]
    [InlineData(new byte[] { 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })]
    public void Refuses_what_is_no_message_pack(byte[] document) => Assert.Throws<WireFormatException>(() => MessagePackValueReader.Parse(document));

    [Fact]
    public void Nesting_is_bounded()
    {
        byte[] packed = [.. Enumerable.Repeat((byte)0x91, 65), 0x01];
        Assert.Contains("MaxDepth", Assert.Throws<WireFormatException>(() => MessagePackValueReader.Parse(packed)).Problem, StringComparison.Ordinal);
        Assert.Equal(64, Depth(MessagePackValueReader.Parse(packed.AsMemory(1))));
        Assert.Throws<WireFormatException>(() => JsonValueReader.Parse(Encoding.UTF8.GetBytes(new string('[', 65) + new string(']', 65))));
    }

    private static int Depth(Value value) => value is Value.Array { Items: [Value inner] } ? 1 + Depth(inner) : 0;
}

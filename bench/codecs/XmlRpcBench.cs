using System.Buffers;
using System.Globalization;
using System.Text;
using System.Xml;
using BenchmarkDotNet.Attributes;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;

namespace Toolstack.Bench.Codecs;

/// <summary>The XML-RPC codec against XmlReader and XmlWriter on the same document: a set of records as get_all_records answers.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class XmlRpcBench
{
    private const int FieldsOfARecord = 40;

    private readonly ArrayBufferWriter<byte> output = new(1 << 20);
    private Value records = Value.Empty;
    private byte[] document = [];

    [Params(1, 100)]
    public int Records { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        records = new Value.Struct([.. Enumerable.Range(0, Records).Select(index =>
            new KeyValuePair<string, Value>($"OpaqueRef:{index}", Record(index)))]);
        XmlRpcEnvelope.WriteSuccess(output, writer => writer.Dynamic(records));
        document = output.WrittenSpan.ToArray();
    }

    [Benchmark]
    public int Write()
    {
        output.ResetWrittenCount();
        XmlRpcEnvelope.WriteSuccess(output, writer => writer.Dynamic(records));
        return output.WrittenCount;
    }

    [Benchmark(Baseline = true)]
    public long WriteByXmlWriter()
    {
        using var stream = new MemoryStream(document.Length);
        using (var writer = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false) }))
        {
            foreach (var name in (string[])["methodResponse", "params", "param"])
            {
                writer.WriteStartElement(name);
            }

            WriteValue(writer, records);
        }

        return stream.Length;
    }

    [Benchmark]
    public Value Parse() => XmlRpcEnvelope.ParseResponse(document);

    /// <summary>Only walks the nodes: what a codec on XmlReader would have to do at least.</summary>
    [Benchmark]
    public int WalkByXmlReader()
    {
        using var reader = XmlReader.Create(new MemoryStream(document));
        var length = 0;
        while (reader.Read())
        {
            length += reader.NodeType == XmlNodeType.Text ? reader.Value.Length : reader.LocalName.Length;
        }

        return length;
    }

    private static Value.Struct Record(int index) => new(
    [
        .. Enumerable.Range(0, FieldsOfARecord).Select(field => new KeyValuePair<string, Value>($"field_{field}", (field % 5) switch
        {
            0 => new Value.Int(index * 1000L + field),
            1 => new Value.Bool(true),
            2 => new Value.Array([new Value.Text("OpaqueRef:" + field), new Value.Text("a < b & c")]),
            3 => new Value.Struct([new("key", new Value.Text("value"))]),
            _ => new Value.Text("some text of the usual length, number " + field.ToString(CultureInfo.InvariantCulture)),
        })),
    ]);

    private static void WriteValue(XmlWriter writer, Value value)
    {
        writer.WriteStartElement("value");
        switch (value)
        {
            case Value.Array array:
                writer.WriteStartElement("array");
                writer.WriteStartElement("data");
                foreach (var item in array.Items)
                {
                    WriteValue(writer, item);
                }

                writer.WriteEndElement();
                writer.WriteEndElement();
                break;
            case Value.Struct map:
                writer.WriteStartElement("struct");
                foreach (var (name, member) in map.Members)
                {
                    writer.WriteStartElement("member");
                    writer.WriteElementString("name", name);
                    WriteValue(writer, member);
                    writer.WriteEndElement();
                }

                writer.WriteEndElement();
                break;
            case Value.Bool flag:
                writer.WriteElementString("boolean", flag.Content ? "1" : "0");
                break;
            default:
                writer.WriteString(value.AsString());
                break;
        }

        writer.WriteEndElement();
    }
}

using System.Buffers;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Xunit;

namespace Toolstack.Tests.Idl;

public class XmlRpcTests
{
    public static TheoryData<string, string> Written => new()
    {
        { "string", "<value>a&lt;b&gt;&amp;&quot;c'\t\n\r\u00e9\U0001f600</value>" },
        { "dropped", "<value>ab</value>" },
        { "int", "<value>-9223372036854775808</value>" },
        { "int32", "<value><i4>7</i4></value>" },
        { "float", "<value><double>0.1</double></value>" },
        { "big", "<value><double>1e+20</double></value>" },
        { "small", "<value><double>1e-05</double></value>" },
        { "inf", "<value><double>-inf</double></value>" },
        { "nan", "<value><double>nan</double></value>" },
        { "bool", "<value><boolean>1</boolean></value>" },
        { "date", "<value><dateTime.iso8601>20250319T04:16:24Z</dateTime.iso8601></value>" },
        { "null", "<value><nil/></value>" },
        { "void", "<value></value>" },
        { "set", "<value><array><data><value>1</value><value><array><data></data></array></value></data></array></value>" },
        { "map", "<value><struct><member><name>a&amp;b</name><value>1</value></member><member><name>c</name><value><struct></struct></value></member></struct></value>" },
    };

    [Theory]
    [MemberData(nameof(Written))]
    public void Writes_exact_bytes(string what, string expected) => Assert.Equal(expected, XmlRpcEnvelope.WriteValue(w => Write(what, w)));

    private static void Write(string what, ValueWriter w)
    {
        switch (what)
        {
            case "string": w.String("a<b>&\"c'\t\n\r\u00e9\U0001f600"); break;
            case "dropped": w.String("a\0\u0001\u000b\u001f\ufffeb"); break;
            case "int": w.Int(long.MinValue); break;
            case "int32": w.Int32(7); break;
            case "float": w.Float(0.1); break;
            case "big": w.Float(1e20); break;
            case "small": w.Float(0.00001); break;
            case "inf": w.Float(double.NegativeInfinity); break;
            case "nan": w.Float(double.NaN); break;
            case "bool": w.Bool(true); break;
            case "date": w.Date(new DateTimeOffset(2025, 3, 19, 5, 16, 24, TimeSpan.FromHours(1))); break;
            case "null": w.Null(); break;
            case "void": w.Void(); break;
            case "set":
                w.BeginArray(2);
                w.Int(1);
                w.BeginArray(0);
                w.EndArray();
                w.EndArray();
                break;
            case "map":
                w.BeginStruct(2);
                w.Member("a&b");
                w.Int(1);
                w.Member("c");
                w.BeginStruct(0);
                w.EndStruct();
                w.EndStruct();
                break;
        }
    }

    [Fact]
    public void Writes_envelopes()
    {
        Assert.Equal(
            "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member>"
            + "<member><name>Value</name><value>OpaqueRef:1</value></member></struct></value></param></params></methodResponse>",
            Text(b => XmlRpcEnvelope.WriteSuccess(b, w => w.String("OpaqueRef:1"))));
        Assert.Equal(
            "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Failure</value></member>"
            + "<member><name>ErrorDescription</name><value><array><data><value>HANDLE_INVALID</value><value>VM</value></data></array></value></member></struct></value></param></params></methodResponse>",
            Text(b => XmlRpcEnvelope.WriteFailure(b, "HANDLE_INVALID", ["VM"])));
        Assert.Equal(
            "<?xml version=\"1.0\"?><methodCall><methodName>VM.start</methodName><params><param><value>s</value></param><param><value><boolean>0</boolean></value></param></params></methodCall>",
            Text(b => XmlRpcEnvelope.WriteCall(b, "VM.start", new Value.Text("s"), new Value.Bool(false))));
    }

    [Theory]
    [InlineData("<value>a&lt;&#x41;&#66;&apos;</value>", "a<AB'")]
    [InlineData("<value><string> a </string></value>", " a ")]
    [InlineData("<value/>", "")]
    [InlineData("<value><string/></value>", "")]
    [InlineData("<value>a<!-- c --><![CDATA[<&]]><?pi?>b</value>", "a<&b")]
    [InlineData("<value>a\r\nb\rc</value>", "a\nb\nc")]
    [InlineData("\uFEFF<?xml version='1.0'?>\n<!-- x --> <value x='1' y=\"2\">a</value >\n", "a")]
    public void Reads_text(string document, string expected) => Assert.Equal(new Value.Text(expected), XmlRpcEnvelope.ParseValue(document));

    [Theory]
    [InlineData("<value>42</value>", 42)]
    [InlineData("<value> <int> 42 </int> </value>", 42)]
    [InlineData("<value><i4>-1</i4></value>", -1)]
    [InlineData("<value><i8>9223372036854775807</i8></value>", long.MaxValue)]
    public void Reads_integers(string document, long expected) => Assert.Equal(expected, XmlRpcEnvelope.ParseValue(document).AsInt());

    [Fact]
    public void Reads_the_other_types()
    {
        Assert.True(XmlRpcEnvelope.ParseValue("<value><boolean>1</boolean></value>").AsBool());
        Assert.False(XmlRpcEnvelope.ParseValue("<value><boolean>true</boolean></value>").AsBool());
        Assert.Equal(0.5, XmlRpcEnvelope.ParseValue("<value><double>0.5</double></value>").AsFloat());
        Assert.Equal(double.PositiveInfinity, XmlRpcEnvelope.ParseValue("<value><double>inf</double></value>").AsFloat());
        Assert.Equal(DateTimeOffset.UnixEpoch, XmlRpcEnvelope.ParseValue("<value><dateTime.iso8601>1970-01-01T01:00:00+01:00</dateTime.iso8601></value>").AsDate());
        Assert.Throws<ValueFormatException>(() => XmlRpcEnvelope.ParseValue("<value><dateTime.iso8601>today</dateTime.iso8601></value>").AsDate());
        Assert.Empty(XmlRpcEnvelope.ParseValue("<value><array/></value>").AsArray());
        Assert.Empty(XmlRpcEnvelope.ParseValue("<value><array><data/></array></value>").AsArray());
        Assert.IsType<Value.Nil>(XmlRpcEnvelope.ParseValue("<value><nil/></value>"));
        Value.Struct map = XmlRpcEnvelope.ParseValue("<value>\n<struct>\n<member>\n<name>a</name>\n<value>1</value>\n</member>\n</struct>\n</value>").AsStruct();
        Assert.Equal(new Value.Text("1"), map.Find("a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("<value>")]
    [InlineData("<value>a")]
    [InlineData("<value>a</valu>")]
    [InlineData("<value>a</value><value>b</value>")]
    [InlineData("<value>a<int>1</int></value>")]
    [InlineData("<value><int>x</int></value>")]
    [InlineData("<value><double>x</double></value>")]
    [InlineData("<value><base64>AA==</base64></value>")]
    [InlineData("<value>&nbsp;</value>")]
    [InlineData("<value>&#0;</value>")]
    [InlineData("<value>&#xd800;</value>")]
    [InlineData("<value>&amp</value>")]
    [InlineData("<value>\u0001</value>")]
    [InlineData("<value><![CDATA[x]]</value>")]
    [InlineData("<!DOCTYPE v [<!ENTITY e 'x'>]><value>&e;</value>")]
    [InlineData("<value><struct><member><value>1</value></member></struct></value>")]
    [InlineData("<value a></value>")]
    public void Refuses_what_is_no_value(string document) => Assert.Throws<WireFormatException>(() => XmlRpcEnvelope.ParseValue(document));

    [Fact]
    public void Names_the_limits_it_keeps()
    {
        string nested = string.Concat(Enumerable.Repeat("<value><array><data>", 65)) + string.Concat(Enumerable.Repeat("</data></array></value>", 65));
        Assert.Contains("MaxDepth", Assert.Throws<WireFormatException>(() => XmlRpcEnvelope.ParseValue(nested)).Problem, StringComparison.Ordinal);
        string many = "<methodCall><methodName>m</methodName><params>" + string.Concat(Enumerable.Repeat("<param><value/></param>", 257)) + "</params></methodCall>";
        Assert.Contains("MaxParameters", Assert.Throws<WireFormatException>(() => XmlRpcEnvelope.ParseCall(Encoding.UTF8.GetBytes(many))).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_calls_and_responses()
    {
        (string method, var parameters) = XmlRpcEnvelope.ParseCall(Bytes(b => XmlRpcEnvelope.WriteCall(b, "VM.start", new Value.Text("s"), new Value.Bool(true))));
        Assert.Equal("VM.start", method);
        Assert.Equal([new Value.Text("s"), new Value.Bool(true)], parameters);
        Assert.Empty(XmlRpcEnvelope.ParseCall("<methodCall><methodName>logout</methodName></methodCall>"u8).Params);

        Assert.Equal(new Value.Text("x"), XmlRpcEnvelope.ParseResponse(Bytes(b => XmlRpcEnvelope.WriteSuccess(b, w => w.String("x")))));
        Assert.Equal(new Value.Text("x"), XmlRpcEnvelope.ParseResponse(Bytes(b => XmlRpcEnvelope.WriteBare(b, w => w.String("x")))));
        XenApiError error = Assert.Throws<XenApiError>(() => { XmlRpcEnvelope.ParseResponse(Bytes(b => XmlRpcEnvelope.WriteFailure(b, "HOST_OFFLINE", ["r"]))); });
        Assert.Equal("HOST_OFFLINE", error.Code);
        Assert.Equal(["r"], error.Parameters);
        Assert.Throws<WireFormatException>(() => { XmlRpcEnvelope.ParseResponse("<methodResponse><fault><value/></fault></methodResponse>"u8); });
    }

    [Fact]
    public void Text_that_is_no_utf8_is_an_invalid_value()
    {
        byte[] document = [.. "<methodCall><methodName>m</methodName><params><param><value>"u8, 0xff, .. "</value></param></params></methodCall>"u8];
        XenApiError error = Assert.Throws<XenApiError>(() => { XmlRpcEnvelope.ParseCall(document); });
        Assert.Equal("INVALID_VALUE", error.Code);
        Assert.Equal("Invalid UTF-8 string in parameter", error.Parameters[0]);
    }

    private static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return output.WrittenSpan.ToArray();
    }

    private static string Text(Action<IBufferWriter<byte>> write) => Encoding.UTF8.GetString(Bytes(write));
}

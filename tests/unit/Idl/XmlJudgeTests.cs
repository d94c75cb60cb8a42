using System.Text;
using System.Xml;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Xunit;

namespace Toolstack.Tests.Idl;

/// <summary>Our reader against the platform's XML reader: the same text out of the same document, and no document of ours that the platform refuses.</summary>
public class XmlJudgeTests
{
    [Fact]
    public void Reads_the_same_text_as_the_platform()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            string document = Document(new RandomValues(seed));
            Value value = XmlRpcEnvelope.ParseValue(document);
            Assert.Equal(PlatformText(document), value.AsString());
        }
    }

    [Fact]
    public void What_is_written_is_xml()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            Value value = new RandomValues(seed).Value(integers: true);
            using XmlReader reader = XmlReader.Create(new StringReader(XmlRpcEnvelope.WriteValue(w => w.Dynamic(value))));
            while (reader.Read())
            {
            }

            Assert.Equal(ReadState.EndOfFile, reader.ReadState);
        }
    }

    [Fact]
    public void Damaged_documents_are_read_or_refused_but_never_break_the_reader()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            RandomValues random = new(seed);
            Value value = random.Value(integers: true);
            byte[] document = Encoding.UTF8.GetBytes(XmlRpcEnvelope.WriteValue(w => w.Dynamic(value)));
            for (int damage = 1 + random.Next(3); damage > 0; damage--)
            {
                document[random.Next(document.Length)] = (byte)random.Next(256);
            }

            try
            {
                XmlRpcEnvelope.ParseCall([.. "<methodCall><methodName>m</methodName><params><param>"u8, .. document, .. "</param></params></methodCall>"u8]);
            }
            catch (Exception e) when (e is WireFormatException || e is XenApiError { Code: "INVALID_VALUE" })
            {
            }
        }
    }

    /// <summary>One value whose text is put together from entities, CDATA, comments and line ends.</summary>
    private static string Document(RandomValues random)
    {
        StringBuilder document = new(random.Next(2) == 0 ? "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<value a=\">\">" : "<value>");
        for (int i = random.Next(8); i > 0; i--)
        {
            document.Append(random.Next(8) switch
            {
                0 => "<!-- < & -->",
                1 => "<![CDATA[<a>&amp;\r\n]]>",
                2 => "&#" + (0x20 + random.Next(0xd000)) + ";",
                3 => "&#x1F600;&#xd;",
                4 => "\r\n",
                5 => "<?x y?>",
                6 => "\r",
                _ => random.Text().Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal),
            });
        }

        return document.Append("</value \n>\n<!-- end -->").ToString();
    }

    private static string PlatformText(string document)
    {
        using XmlReader reader = XmlReader.Create(new StringReader(document));
        StringBuilder text = new();
        while (reader.Read())
        {
            if (reader.Depth > 0 && reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace)
            {
                text.Append(reader.Depth > 0 ? reader.Value : "");
            }
        }

        return text.ToString();
    }
}

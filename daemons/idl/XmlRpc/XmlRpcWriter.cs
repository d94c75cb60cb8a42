using System.Buffers;
using System.Globalization;
using System.Text;

namespace Toolstack.Idl.XmlRpc;

/// <summary>
/// Writes values as XenAPI's XML-RPC: no white space, strings and integers untyped, <c>&lt;i4&gt;</c> only for 32-bit counts,
/// floats as C's <c>%.16g</c>, dates without hyphens. Control characters other than tab, LF and CR are dropped, as XML cannot carry them.
/// </summary>
public sealed class XmlRpcWriter(IBufferWriter<byte> output) : ValueWriter
{
    private static readonly SearchValues<char> Special = SearchValues.Create(
        "<>&\"\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000b\u000c\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\ufffe\uffff");

    private static readonly SharedFragments Fragments = new(static (output, write) => write(new XmlRpcWriter(output)));

    private readonly Stack<bool> insideStruct = new();

    public override void Shared(object key, Action<ValueWriter> write)
    {
        output.Write(Fragments.Get(key, write));
        CloseMember();
    }

    public override void Null() => Whole("<nil/>"u8);

    public override void String(string value)
    {
        output.Write("<value>"u8);
        WriteEscaped(output, value);
        Close();
    }

    public override void Int(long value)
    {
        output.Write("<value>"u8);
        WriteNumber(value);
        Close();
    }

    public override void Int32(int value)
    {
        output.Write("<value><i4>"u8);
        WriteNumber(value);
        output.Write("</i4>"u8);
        Close();
    }

    public override void Float(double value)
    {
        output.Write("<value><double>"u8);
        WriteText(output, FormatFloat(value));
        output.Write("</double>"u8);
        Close();
    }

    public override void Bool(bool value) => Whole(value ? "<boolean>1</boolean>"u8 : "<boolean>0</boolean>"u8);

    public override void Date(DateTimeOffset value)
    {
        output.Write("<value><dateTime.iso8601>"u8);
        WriteText(output, WireDate.Format(value));
        output.Write("</dateTime.iso8601>"u8);
        Close();
    }

    public override void BeginArray(int count)
    {
        output.Write("<value><array><data>"u8);
        insideStruct.Push(false);
    }

    public override void EndArray()
    {
        insideStruct.Pop();
        output.Write("</data></array>"u8);
        Close();
    }

    public override void BeginStruct(int count)
    {
        output.Write("<value><struct>"u8);
        insideStruct.Push(true);
    }

    public override void Member(string name)
    {
        output.Write("<member><name>"u8);
        WriteEscaped(output, name);
        output.Write("</name>"u8);
    }

    public override void EndStruct()
    {
        insideStruct.Pop();
        output.Write("</struct>"u8);
        Close();
    }

    internal static void WriteEscaped(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        while (true)
        {
            int special = text.IndexOfAny(Special);
            if (special < 0)
            {
                WriteText(output, text);
                return;
            }

            WriteText(output, text[..special]);
            switch (text[special])
            {
                case '<': output.Write("&lt;"u8); break;
                case '>': output.Write("&gt;"u8); break;
                case '&': output.Write("&amp;"u8); break;
                case '"': output.Write("&quot;"u8); break;
            }

            text = text[(special + 1)..];
        }
    }

    /// <summary>C's <c>%.16g</c>; <c>inf</c>, <c>-inf</c> and <c>nan</c> for what is no number.</summary>
    internal static string FormatFloat(double value)
    {
        if (double.IsNaN(value))
        {
            return "nan";
        }

        if (double.IsInfinity(value))
        {
            return value > 0 ? "inf" : "-inf";
        }

        return value.ToString("G16", CultureInfo.InvariantCulture).Replace('E', 'e');
    }

    private static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        if (!text.IsEmpty)
        {
            Encoding.UTF8.GetBytes(text, output);
        }
    }

    private void WriteNumber(long value)
    {
        Span<byte> room = output.GetSpan(20);
        value.TryFormat(room, out int written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
    }

    private void Whole(ReadOnlySpan<byte> content)
    {
        output.Write("<value>"u8);
        output.Write(content);
        Close();
    }

    private void Close()
    {
        output.Write("</value>"u8);
        CloseMember();
    }

    private void CloseMember()
    {
        if (insideStruct.TryPeek(out bool member) && member)
        {
            output.Write("</member>"u8);
        }
    }
}

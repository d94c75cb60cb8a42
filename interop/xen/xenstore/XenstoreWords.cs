using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Payloads made of words, each ended by a NUL.</summary>
public static class XenstoreWords
{
    /// <summary>Reads all words; none for an empty payload. Raises <see cref="XenstoreFormatException"/> when the last has no end.</summary>
    public static List<string> Read(XenstoreOperation operation, ReadOnlySpan<byte> payload)
    {
        var words = new List<string>();
        while (!payload.IsEmpty)
        {
            words.Add(Next(operation, ref payload));
        }

        return words;
    }

    /// <summary>Takes the first word off <paramref name="payload"/>.</summary>
    public static string Next(XenstoreOperation operation, ref ReadOnlySpan<byte> payload)
    {
        var end = payload.IndexOf((byte)0);
        if (end < 0)
        {
            throw new XenstoreFormatException($"{operation}: the last word is not ended by a NUL");
        }

        var word = Encoding.UTF8.GetString(payload[..end]);
        payload = payload[(end + 1)..];
        return word;
    }
}

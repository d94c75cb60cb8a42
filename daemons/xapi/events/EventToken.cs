using System.Globalization;
using Toolstack.Idl;

namespace Toolstack.Xapi.Events;

/// <summary>Where a client's picture of the database stands: the generation of the newest change it has seen, and that of the newest message.
/// Padded on the wire, so that tokens compare as text.</summary>
internal readonly record struct EventToken(long Generation, long Messages)
{
    /// <summary>Before everything: every object is new.</summary>
    internal static EventToken Beginning => new(-1, -1);

    internal bool IsBeginning => Generation < 0;

    /// <summary>Raises EVENT_FROM_TOKEN_PARSE_FAILURE [token].</summary>
    internal static EventToken Parse(string text)
    {
        if (text.Length == 0)
        {
            return Beginning;
        }

        string[] parts = text.Split(',');
        return parts.Length == 2 && Number(parts[0], out long generation) && Number(parts[1], out long messages)
            ? new EventToken(generation, messages)
            : throw new XenApiError("EVENT_FROM_TOKEN_PARSE_FAILURE", text);
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Max(Generation, 0):D20},{Math.Max(Messages, 0):D20}");

    private static bool Number(string text, out long number) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}

using System.Globalization;

namespace Toolstack.Idl;

/// <summary>Dates as XenAPI writes them: <c>YYYYMMDDTHH:MM:SSZ</c>, seconds, always UTC; hyphens and offsets are accepted on input, no zone means UTC.</summary>
public static class WireDate
{
    private static readonly string[] Accepted =
    [
        "yyyyMMdd'T'HH:mm:ss'Z'", "yyyyMMdd'T'HH:mm:sszzz", "yyyyMMdd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss",
    ];

    public static string Format(DateTimeOffset date) => date.UtcDateTime.ToString("yyyyMMdd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <exception cref="ValueFormatException">The text is no date of these forms.</exception>
    public static DateTimeOffset Parse(string text) =>
        TryParse(text, out DateTimeOffset date) ? date : throw new ValueFormatException($"expected datetime, found \"{text}\"");

    public static bool TryParse(string text, out DateTimeOffset date) =>
        DateTimeOffset.TryParseExact(text, Accepted, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out date);
}

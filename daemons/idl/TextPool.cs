namespace Toolstack.Idl;

/// <summary>
/// Keeps one string of those that are equal, for short texts that many rows have in common: keys of maps, settings that nobody changes.
/// A fixed number of places, the newest text takes the place of another: a client that sends ever new texts costs no memory. Threads need
/// no lock: whoever loses a race has a string of their own.
/// </summary>
public static class TextPool
{
    private const int Places = 4096;
    private const int LongestText = 64;

    private static readonly string?[] Kept = new string?[Places];

    /// <summary>A string equal to <paramref name="text"/>.</summary>
    public static string Share(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            return "";
        }

        if (text.Length > LongestText)
        {
            return text;
        }

        ref string? place = ref Kept[string.GetHashCode(text) & (Places - 1)];
        string? known = place;
        if (known == text)
        {
            return known;
        }

        place = text;
        return text;
    }
}

using System.Globalization;

namespace Toolstack.Xapi.Placement;

/// <summary>Sets of CPU features: words of eight hexadecimal digits joined by dashes (xenops protocol). A word that is missing, or is none, has
/// no feature.</summary>
internal static class CpuPolicy
{
    internal static bool Has(string given, string needed)
    {
        uint[] have = Words(given);
        uint[] want = Words(needed);
        for (int word = 0; word < want.Length; word++)
        {
            if ((want[word] & ~At(have, word)) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What both have. An empty set stands for one that is not known and takes nothing away.</summary>
    internal static string Common(string one, string other)
    {
        if (one.Length == 0 || other.Length == 0)
        {
            return one.Length == 0 ? other : one;
        }

        uint[] a = Words(one);
        uint[] b = Words(other);
        return string.Join('-', Enumerable.Range(0, Math.Max(a.Length, b.Length)).Select(word => $"{At(a, word) & At(b, word):x8}"));
    }

    private static uint At(uint[] words, int index) => index < words.Length ? words[index] : 0;

    private static uint[] Words(string policy) =>
        [.. policy.Split('-').Select(static w => uint.TryParse(w, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint word) ? word : 0)];
}

using System.Globalization;

namespace Toolstack.Xenopsd.Contract;

/// <summary>CPU policies as text: words of eight hexadecimal digits joined by hyphens, a missing word counting as 0 (xenops protocol). A word that
/// is none counts as 0 too where <c>lenient</c>, and raises Internal_error otherwise.</summary>
public static class CpuPolicy
{
    /// <summary>What both CPUs can give.</summary>
    public static string Combine(string first, string second, bool lenient = false)
    {
        var (a, b) = (Words(first, lenient), Words(second, lenient));
        return string.Join('-', Enumerable.Range(0, Math.Max(a.Length, b.Length)).Select(i => $"{At(a, i) & At(b, i):x8}"));
    }

    /// <summary>Whether a host can give everything a VM uses.</summary>
    public static bool IsCompatible(string vm, string host, bool lenient = false)
    {
        var (wanted, given) = (Words(vm, lenient), Words(host, lenient));
        return Enumerable.Range(0, wanted.Length).All(i => (wanted[i] & ~At(given, i)) == 0);
    }

    private static uint At(uint[] words, int index) => index < words.Length ? words[index] : 0;

    private static uint[] Words(string policy, bool lenient) => policy.Length == 0 ? [] : [.. policy.Split('-').Select(w =>
        uint.TryParse(w, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint word) || lenient
            ? word
            : throw XenopsError.Internal($"\"{policy}\" is no CPU policy"))];
}

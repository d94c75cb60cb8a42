using System.Globalization;

namespace Toolstack.MessageSwitch;

/// <summary>Numbers as the original's language reads them from text: sign, 0x/0o/0b/0u prefixes, underscores after the first digit.</summary>
internal static class OcamlNumbers
{
    /// <summary>A 64-bit integer. Raises <see cref="FormatException"/>.</summary>
    internal static long Int64(string text)
    {
        var negative = text.StartsWith('-');
        var digits = negative || text.StartsWith('+') ? text[1..] : text;
        var prefix = digits.Length > 2 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) : ' ';
        var radix = prefix switch
        {
            'x' => 16u,
            'o' => 8u,
            'b' => 2u,
            _ => 10u,
        };
        digits = radix != 10 || prefix == 'u' ? digits[2..] : digits;

        // Other radices and 0u may use all 64 bits; decimal is signed.
        var most = radix != 10 || prefix == 'u' ? ulong.MaxValue : negative ? 1UL << 63 : long.MaxValue;
        var value = 0UL;
        for (var index = 0; index < digits.Length; index++)
        {
            if (digits[index] == '_' && index > 0)
            {
                continue;
            }

            var digit = char.IsAsciiHexDigit(digits[index]) ? (uint)Convert.ToInt32(digits[index].ToString(), 16) : uint.MaxValue;
            if (digit >= radix || value > (most - digit) / radix)
            {
                throw Wrong(text);
            }

            value = (value * radix) + digit;
        }

        return digits.Length == 0 ? throw Wrong(text) : unchecked(negative ? -(long)value : (long)value);
    }

    /// <summary>A time to wait in seconds: not a number and negative ones are none, those above <see cref="CompatLimits.MaxTimeout"/> become
    /// that. Raises <see cref="FormatException"/>.</summary>
    internal static TimeSpan Seconds(string text)
    {
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        return text.StartsWith('_') || !double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            ? throw Wrong(text)
            : Wait(seconds);
    }

    internal static TimeSpan Wait(double seconds) =>
        seconds >= CompatLimits.MaxTimeout.TotalSeconds ? CompatLimits.MaxTimeout : seconds > 0 ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;

    private static FormatException Wrong(string text) => new($"not a number: {text}");
}

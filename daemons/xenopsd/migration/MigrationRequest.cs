using System.Globalization;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Migration;

/// <summary>How one migration is to be done, beyond where it goes.</summary>
/// <param name="Compress">Memory travels as one zstd frame.</param>
/// <param name="Verify">The destination's certificate must be a trusted one.</param>
/// <param name="Localhost">The VM goes to a new domain of this host.</param>
/// <param name="Options">How memory is sent: the configuration's, with what the caller asked.</param>
public sealed record MigrationRequest(bool Compress, bool Verify, bool Localhost, SaveOptions Options)
{
    /// <summary>
    /// The options a caller adds to the URL as its fragment, which is never sent to the destination: <c>downtime-ms</c>,
    /// <c>max-iterations</c>, <c>bandwidth-mib</c> (numbers) and <c>no-convergence</c> (<c>force</c> or <c>give-up</c>), joined by
    /// <c>&amp;</c>. Raises Internal_error for a value that is none.
    /// </summary>
    public static SaveOptions OptionsOf(Uri url, SaveOptions defaults)
    {
        ArgumentNullException.ThrowIfNull(url);
        var options = defaults;
        foreach (string pair in url.Fragment.TrimStart('#').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            options = (parts[0], parts.Length == 2 ? parts[1] : "") switch
            {
                ("downtime-ms", var text) => options with { DowntimeTarget = TimeSpan.FromMilliseconds(Number(parts[0], text, 600_000)) },
                ("max-iterations", var text) => options with { MaxIterations = (int)Number(parts[0], text, StreamLimits.MostIterations) },
                ("bandwidth-mib", var text) => options with { BandwidthLimitBytesPerSecond = Number(parts[0], text, 1L << 20) << 20 },
                ("no-convergence", "force") => options with { GiveUp = false },
                ("no-convergence", "give-up") => options with { GiveUp = true },
                _ => throw XenopsError.Internal($"migration option \"{pair}\" is unknown"),
            };
        }

        return options;
    }

    private static long Number(string name, string text, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value >= 1 && value <= most
            ? value
            : throw XenopsError.Internal($"migration option {name}: \"{text}\" is not between 1 and {most}");
}

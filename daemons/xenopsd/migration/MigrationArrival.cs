using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>What the source says when it opens the control connection (xenops protocol, cookies of <c>vm</c>).</summary>
/// <param name="FinalId">The VM's own id.</param>
/// <param name="MemoryLimit">Bytes to reserve; null for what the VM's record says.</param>
/// <param name="MemoryTotalSource">Bytes the VM has at its source; null when it is not said.</param>
/// <param name="Token">What the source knows the migration by; empty when it has none.</param>
/// <param name="Legacy">Memory comes on the control connection itself.</param>
/// <param name="Compressed">It is one zstd frame.</param>
/// <param name="Paused">The VM stays paused.</param>
public sealed record MigrationArrival(
    string FinalId, long? MemoryLimit, long? MemoryTotalSource, string Token, bool Legacy, bool Compressed, bool Paused)
{
    /// <summary>Raises XenopsError for cookies that make no sense.</summary>
    internal static MigrationArrival Of(string temporary, HandOverRecord record)
    {
        var cookies = record.Cookies;
        bool legacy = !cookies.ContainsKey(MigrationCookies.MemoryMigration);
        string? compress = cookies.GetValueOrDefault(MigrationCookies.Compress);
        if (compress is not (null or MigrationCookies.Zstd) || (compress is not null && legacy))
        {
            throw new XenopsError(new XenopsErrorValue.Unimplemented($"memory compressed with {compress}"));
        }

        return new MigrationArrival(
            cookies.GetValueOrDefault(MigrationCookies.FinalId, temporary),
            Bytes(record, MigrationCookies.MemoryLimit) ?? (legacy ? null : throw XenopsError.Internal($"the request has no cookie {MigrationCookies.MemoryLimit}")),
            Bytes(record, MigrationCookies.MemoryTotalSource),
            cookies.GetValueOrDefault(MigrationCookies.Token, ""),
            legacy,
            compress is not null,
            cookies.GetValueOrDefault(MigrationCookies.Paused) == "true");
    }

    private static long? Bytes(HandOverRecord record, string cookie) => record.Cookies.GetValueOrDefault(cookie) switch
    {
        null => null,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) => bytes,
        var text => throw XenopsError.Internal($"{cookie}: \"{text}\" is no number of bytes"),
    };
}

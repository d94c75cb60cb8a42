namespace Toolstack.Xenopsd.Contract;

/// <summary>The ids a VM carries while it moves (xenops protocol): its uuid with the last twelve digits replaced.</summary>
public static class MigrationIds
{
    private const int KeptLength = 24;
    private const string SourceTail = "000000000000";
    private const string DestinationTail = "000000000001";

    /// <summary>The id of the copy that is given up, on the source.</summary>
    public static string Source(string id) => Kept(id) + SourceTail;

    /// <summary>The id of the copy that arrives, on the destination.</summary>
    public static string Destination(string id) => Kept(id) + DestinationTail;

    /// <summary>What a VM's id has in common with both; the whole of an id that is none of a VM.</summary>
    public static string Stem(string id) => id.Length > KeptLength ? id[..KeptLength] : id;

    /// <summary>Whether an id is one of the two: after a restart, what carries it is a leftover.</summary>
    public static bool IsTemporary(string id) =>
        id.Length == KeptLength + SourceTail.Length
        && (id.EndsWith(SourceTail, StringComparison.Ordinal) || id.EndsWith(DestinationTail, StringComparison.Ordinal));

    /// <summary>Whether an id is that of a copy that arrives.</summary>
    public static bool IsDestination(string id) =>
        id.Length == KeptLength + DestinationTail.Length && id.EndsWith(DestinationTail, StringComparison.Ordinal);

    private static string Kept(string id) =>
        id.Length >= KeptLength ? id[..KeptLength] : throw XenopsError.Internal($"\"{id}\" is no uuid");
}

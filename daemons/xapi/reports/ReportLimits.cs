namespace Toolstack.Xapi.Reports;

/// <summary>The bounds of what clients leave beside the database.</summary>
internal static class ReportLimits
{
    /// <summary>Notices kept; the oldest go for new ones.</summary>
    internal const int MaxNotices = 10_000;

    /// <summary>The body of one notice, in characters.</summary>
    internal const int MaxNoticeBody = 256 * 1024;

    /// <summary>Removed notices that event.from still tells.</summary>
    internal const int MaxRemoved = 512;

    /// <summary>Lines of the journal of notices from which on it is written anew without those of notices that are gone.</summary>
    internal const int MaxSpareLines = 2_000;

    /// <summary>The content of one blob, in bytes.</summary>
    internal const long MaxBlobBytes = 64L * 1024 * 1024;

    /// <summary>The content of a blob is taken in pieces of this size.</summary>
    internal const int CopyBytes = 64 * 1024;

    /// <summary>How long a transfer may stand still.</summary>
    internal static readonly TimeSpan StallDeadline = TimeSpan.FromSeconds(60);
}

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>How a guest's memory is sent.</summary>
/// <param name="Live">Copy while the guest runs; otherwise suspend first and copy once.</param>
/// <param name="MaxIterations">Bound of live passes, the first whole one included.</param>
/// <param name="DowntimeTarget">Suspend as soon as the rest would take less than this at the measured rate.</param>
/// <param name="BandwidthLimitBytesPerSecond">Ceiling while the guest runs; null for none. The last pass is never limited.</param>
/// <param name="GiveUp">When the passes do not converge the guest is not suspended: the save fails.</param>
/// <param name="PeerTakesZeroRecords">The receiver announced that it reads ZERO_PAGES records.</param>
/// <param name="SilenceDeadline">Longest wait for the connection to take a byte, or to give one where memory is received.</param>
public sealed record SaveOptions(
    bool Live,
    int MaxIterations,
    TimeSpan DowntimeTarget,
    long? BandwidthLimitBytesPerSecond,
    bool GiveUp,
    bool PeerTakesZeroRecords,
    TimeSpan SilenceDeadline)
{
    /// <summary>What the guest's graphics cards hold stands in the image; otherwise it travels by itself, or there is none.</summary>
    public bool WithVgpus { get; init; }

    /// <summary>Live, ten passes, 30 ms, no limit, plain v3 records only.</summary>
    public static SaveOptions Default { get; } = new(
        Live: true,
        StreamLimits.DefaultMaxIterations,
        StreamLimits.DefaultDowntimeTarget,
        BandwidthLimitBytesPerSecond: null,
        GiveUp: false,
        PeerTakesZeroRecords: false,
        StreamLimits.DefaultSilenceDeadline);
}

/// <summary>One pass over the guest's memory.</summary>
/// <param name="Pages">Pages the pass had to convey.</param>
/// <param name="ZeroPages">Of these, conveyed as ranges of zeros.</param>
/// <param name="Bytes">Bytes that took the road.</param>
/// <param name="DirtyPages">Pages the guest wrote meanwhile; 0 for the last pass, for it was suspended.</param>
public sealed record PassStatistics(long Pages, long ZeroPages, long Bytes, TimeSpan Duration, long DirtyPages);

/// <summary>What a save did.</summary>
/// <param name="BytesSent">All bytes that took the road, envelope included.</param>
/// <param name="Iterations">Live passes; 0 when the guest was suspended first.</param>
/// <param name="Downtime">From the request to suspend to the last byte written: the source's part of the guest's pause.</param>
/// <param name="StopReason">Why the live phase ended; empty when there was none.</param>
/// <param name="Passes">Each live pass in order, then the last one with the guest suspended.</param>
public sealed record SaveStatistics(
    long BytesSent,
    int Iterations,
    TimeSpan Downtime,
    TimeSpan Duration,
    long PagesSent,
    long ZeroPages,
    string StopReason,
    IReadOnlyList<PassStatistics> Passes);

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Decides after each live pass whether another one is worth it or the guest is suspended now. Without state of its own but
/// the smallest dirty set seen; every answer follows from the numbers given.
/// </summary>
public sealed class PreCopyPolicy(int maxIterations, TimeSpan downtimeTarget)
{
    private const int PassesWithoutGain = 2;
    private long _smallest = long.MaxValue;
    private int _withoutGain;

    /// <summary>Why the live phase ended; null while it goes on.</summary>
    public string? StopReason { get; private set; }

    /// <summary>The live phase ended because the rest is little enough.</summary>
    public bool Converged { get; private set; }

    /// <summary>True when the frames left should be sent with the guest suspended.</summary>
    /// <param name="iterations">Live passes done so far.</param>
    /// <param name="dirtyPages">Frames written by the guest during the last pass.</param>
    /// <param name="bytesPerSecond">Throughput of the passes so far.</param>
    public bool ShouldStop(int iterations, long dirtyPages, double bytesPerSecond)
    {
        _withoutGain = dirtyPages < _smallest ? 0 : _withoutGain + 1;
        _smallest = Math.Min(_smallest, dirtyPages);
        Converged = dirtyPages < StreamLimits.DirtyThresholdPages
            || (bytesPerSecond > 0 && dirtyPages * StreamLimits.PageSize / bytesPerSecond < downtimeTarget.TotalSeconds);
        StopReason = dirtyPages < StreamLimits.DirtyThresholdPages ? "dirty set below the threshold"
            : Converged ? "downtime target met"
            : iterations >= maxIterations ? "iteration limit"
            : _withoutGain >= PassesWithoutGain ? "no convergence"
            : null;
        return StopReason is not null;
    }
}

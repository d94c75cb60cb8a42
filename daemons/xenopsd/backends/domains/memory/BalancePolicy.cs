namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>A domain whose guest can give memory back. Memory in KiB, the guest's own without overhead: the bounds between which it is
/// moved, what it is asked for now and what it has.</summary>
public sealed record Balloon(int Domid, long MinKib, long MaxKib, long TargetKib, long ActualKib);

/// <summary>What one balancing decides: a target for each domain, in KiB, and what a new domain gets.</summary>
public sealed record Balance(IReadOnlyDictionary<int, long> Targets, long GrantedKib);

/// <summary>
/// How memory is shared among guests that balloon: every one gets its minimum plus the same share (0 to 1) of the range above it, so
/// that the host is full (algorithm of the toolstack's memory daemon). A new domain takes part as one more of them.
/// </summary>
public static class BalancePolicy
{
    /// <summary>Shares <paramref name="freeKib"/> (the host's free memory that nobody may claim, negative when too little is free) and
    /// what the balloons hold. Null when even the minima do not fit.</summary>
    public static Balance? Share(IReadOnlyCollection<Balloon> balloons, long freeKib, long newMinKib, long newMaxKib)
    {
        ArgumentNullException.ThrowIfNull(balloons);
        long held = balloons.Sum(static b => b.ActualKib);
        long surplus = freeKib + held - balloons.Sum(static b => b.MinKib) - newMinKib;
        if (surplus < 0)
        {
            return null;
        }

        long range = balloons.Sum(static b => b.MaxKib - b.MinKib) + newMaxKib - newMinKib;
        double share = range == 0 ? 0 : Math.Min(1.0, (double)surplus / range);
        return new Balance(
            balloons.ToDictionary(static b => b.Domid, b => Within(b.MinKib, b.MaxKib, share)),
            Within(newMinKib, newMaxKib, share));
    }

    /// <summary>What every balloon is asked for when the minima do not fit: all they can give.</summary>
    public static Balance Squeeze(IReadOnlyCollection<Balloon> balloons) =>
        new(balloons.ToDictionary(static b => b.Domid, static b => b.MinKib), 0);

    /// <summary>Whether the present targets are near enough to the wanted ones to be left alone.</summary>
    public static bool IsBalanced(IReadOnlyCollection<Balloon> balloons, Balance wanted, long toleranceKib)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return balloons.All(b => Math.Abs(b.TargetKib - wanted.Targets[b.Domid]) <= toleranceKib);
    }

    private static long Within(long min, long max, double share) => min + (long)((max - min) * share);
}

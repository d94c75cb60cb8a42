using System.Collections.Immutable;

namespace Toolstack.Xapi.Placement;

/// <summary>A host as a place for a VM: <see cref="AvailableBytes"/> is its memory for guests; the sums are over the guests resident
/// on or scheduled for it and the candidate VM itself, overheads included.</summary>
internal sealed record HostOffer(string Host, long AvailableBytes, long SumStaticMax, long SumDynamicMax, long SumDynamicMin,
    bool Coordinator, bool Affinity);

/// <summary>
/// Orders the hosts on which a VM can start. Categories, best first: the affinity host, definite (fits even if every guest takes its
/// static maximum), probable (fits with every guest at its dynamic maximum), possible (fits with guests squeezed towards their minimum).
/// </summary>
internal static class HostRanking
{
    private const double PossibleScale = 1000;

    /// <summary>The hosts in the order in which to try them. <paramref name="random"/> is uniform in [0, 1); within a category the square
    /// of it picks the next host, so better hosts come first more often without every VM choosing the same one.</summary>
    public static ImmutableArray<string> Order(IReadOnlyList<HostOffer> offers, bool coordinatorBias, Func<double> random)
    {
        ImmutableArray<string>.Builder order = ImmutableArray.CreateBuilder<string>(offers.Count);
        List<HostOffer> left = [.. offers];
        Take(left, order, random, offer => offer.Affinity ? Possible(offer) : -1);
        Take(left, order, random, offer => Biased(offer, offer.AvailableBytes - offer.SumStaticMax, coordinatorBias));
        Take(left, order, random, offer => Biased(offer, offer.AvailableBytes - offer.SumDynamicMax, coordinatorBias));
        Take(left, order, random, offer => Biased(offer, Possible(offer), coordinatorBias));
        return order.ToImmutable();
    }

    /// <summary>0 to 1000: how far towards their maximum the guests could grow; -1: they do not fit.</summary>
    public static double Possible(HostOffer offer)
    {
        if (offer.AvailableBytes < offer.SumDynamicMin)
        {
            return -1;
        }

        double range = offer.SumStaticMax - offer.SumDynamicMin;
        return range <= 0 ? PossibleScale : Math.Min(PossibleScale, PossibleScale * (offer.AvailableBytes - offer.SumDynamicMin) / range);
    }

    private static double Biased(HostOffer offer, double value, bool coordinatorBias) =>
        coordinatorBias && offer.Coordinator ? (value - 1) / 2 : value;

    private static void Take(List<HostOffer> left, ImmutableArray<string>.Builder order, Func<double> random, Func<HostOffer, double> value)
    {
        List<HostOffer> fitting = [.. left.Where(offer => value(offer) >= 0).OrderByDescending(value)];
        while (fitting.Count > 0)
        {
            double x = random();
            HostOffer chosen = fitting[(int)(fitting.Count * x * x)];
            fitting.Remove(chosen);
            left.Remove(chosen);
            order.Add(chosen.Host);
        }
    }
}

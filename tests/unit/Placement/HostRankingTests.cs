using Toolstack.Xapi.Placement;
using Xunit;

namespace Toolstack.Tests.Placement;

public sealed class HostRankingTests
{
    private static HostOffer Offer(string host, long available, long max = 300, long dynamicMax = 200, long min = 100,
        bool coordinator = false, bool affinity = false) => new(host, available, max, dynamicMax, min, coordinator, affinity);

    [Fact]
    public void CategoriesComeBestFirst() =>
        Assert.Equal(
            ["affinity", "definite", "probable", "possible"],
            HostRanking.Order(
                [Offer("none", 50), Offer("possible", 150), Offer("probable", 250), Offer("definite", 350), Offer("affinity", 100, affinity: true)],
                false, static () => 0));

    [Fact]
    public void MoreFreeMemoryRanksHigherInACategory() =>
        Assert.Equal(["b", "a"], HostRanking.Order([Offer("a", 400), Offer("b", 500)], false, static () => 0));

    [Fact]
    public void TheRandomNumberPicksWithinACategory() =>
        Assert.Equal(["a", "b"], HostRanking.Order([Offer("a", 400), Offer("b", 500)], false, static () => 0.99));

    [Fact]
    public void BiasPutsTheCoordinatorBehindAnEqual()
    {
        HostOffer[] offers = [Offer("coordinator", 500, coordinator: true), Offer("member", 450)];
        Assert.Equal(["coordinator", "member"], HostRanking.Order(offers, false, static () => 0));
        Assert.Equal(["member", "coordinator"], HostRanking.Order(offers, true, static () => 0));
    }

    [Fact]
    public void AHostThatCannotHoldTheMinimumIsNoCandidate() =>
        Assert.Empty(HostRanking.Order([Offer("small", 99), Offer("wanted", 99, affinity: true)], false, static () => 0));

    [Theory]
    [InlineData(99, -1)]
    [InlineData(100, 0)]
    [InlineData(200, 500)]
    [InlineData(900, 1000)]
    public void PossibleIsScaled(long available, double expected) =>
        Assert.Equal(expected, HostRanking.Possible(Offer("h", available)));
}

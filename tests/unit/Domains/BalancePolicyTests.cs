using Toolstack.Xenopsd.Backends.Domains.Memory;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>How memory is shared; KiB.</summary>
public class BalancePolicyTests
{
    [Fact]
    public void Everybody_gets_the_same_share_of_his_range()
    {
        // 600 are held and 0 free; minima take 300, so 300 are left for ranges of 100, 400 and 100: one half each.
        Balloon[] balloons = [Of(1, 100, 200, 200), Of(2, 100, 500, 200), Of(3, 100, 200, 200)];
        var balance = BalancePolicy.Share(balloons, 0, 0, 0)!;
        Assert.Equal(new Dictionary<int, long> { [1] = 150, [2] = 300, [3] = 150 }, balance.Targets);
        Assert.Equal(0, balance.GrantedKib);
    }

    [Fact]
    public void A_new_domain_takes_part()
    {
        // 1000 held, 0 free; minima 200 + 100: 700 are left for ranges of 800 and 600.
        Balloon[] balloons = [Of(1, 200, 1000, 1000)];
        var balance = BalancePolicy.Share(balloons, 0, 100, 700)!;
        Assert.Equal(600, balance.Targets[1]);
        Assert.Equal(400, balance.GrantedKib);
    }

    [Fact]
    public void Nobody_gets_more_than_the_most_or_less_than_the_least()
    {
        Balloon[] balloons = [Of(1, 100, 200, 150), Of(2, 50, 50, 50)];
        var plenty = BalancePolicy.Share(balloons, 10_000, 0, 0)!;
        Assert.Equal(200, plenty.Targets[1]);
        Assert.Equal(50, plenty.Targets[2]);
        var exact = BalancePolicy.Share(balloons, -50, 0, 0)!;
        Assert.Equal(100, exact.Targets[1]);
        Assert.Null(BalancePolicy.Share(balloons, -51, 0, 0));
        Assert.Equal(100, BalancePolicy.Squeeze(balloons).Targets[1]);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(9, false)]
    public void A_small_imbalance_is_left_alone(long tolerance, bool balanced)
    {
        Balloon[] balloons = [Of(1, 100, 200, 110) with { TargetKib = 110 }];
        Assert.Equal(balanced, BalancePolicy.IsBalanced(balloons, new Balance(new Dictionary<int, long> { [1] = 100 }, 0), tolerance));
    }

    [Fact]
    public void The_sum_of_the_shares_is_never_more_than_there_is()
    {
        Random random = new(7);
        for (int round = 0; round < 1000; round++)
        {
            var balloons = Enumerable.Range(1, random.Next(0, 8)).Select(i =>
            {
                long min = random.Next(0, 1000);
                long max = min + random.Next(0, 1000);
                return Of(i, min, max, random.NextInt64(min, max + 1));
            }).ToList();
            long free = random.Next(-500, 2000);
            long newMin = random.Next(0, 500);
            long newMax = newMin + random.Next(0, 500);
            if (BalancePolicy.Share(balloons, free, newMin, newMax) is { } balance)
            {
                Assert.InRange(balance.GrantedKib, newMin, newMax);
                Assert.All(balloons, b => Assert.InRange(balance.Targets[b.Domid], b.MinKib, b.MaxKib));
                Assert.True(balance.Targets.Values.Sum() + balance.GrantedKib <= free + balloons.Sum(b => b.ActualKib));
            }
            else
            {
                Assert.True(free + balloons.Sum(b => b.ActualKib) < balloons.Sum(b => b.MinKib) + newMin);
            }
        }
    }

    [Fact]
    public void A_reservation_counts_until_its_domain_has_the_memory()
    {
        Reservations reservations = new();
        var mine = reservations.Add("a", 100);
        var other = reservations.Add("b", 10);
        Assert.Equal(110, reservations.OutstandingKib(_ => 0));
        Assert.True(reservations.Transfer(mine.Id, 5));
        Assert.False(reservations.Transfer("99", 5));
        Assert.Equal(40, reservations.OutstandingKib(d => d == 5 ? 70 : 0));
        Assert.Equal(10, reservations.OutstandingKib(_ => 1000));
        Assert.Equal(mine.Id, reservations.OfDomain(5)!.Id);
        reservations.RemoveOfSession("a");
        Assert.NotNull(reservations.Find(mine.Id));
        reservations.RemoveOfSession("b");
        Assert.Null(reservations.Find(other.Id));
        reservations.RemoveOfDomain(5);
        Assert.Equal(0, reservations.OutstandingKib(_ => 0));
    }

    private static Balloon Of(int domid, long min, long max, long actual) => new(domid, min, max, actual, actual);
}

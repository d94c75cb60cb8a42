using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class UnclaimedMetadataTests
{
    private const string Vm = "5f3b1f2e-0000-4000-8000-3e1f2a4b5c6d";

    private static readonly string Arriving = MigrationIds.Destination(Vm);

    [Fact]
    public void WhatIsNotClaimedInTimeExpires()
    {
        var unclaimed = new UnclaimedMetadata(TimeSpan.Zero);
        unclaimed.Arrive(Arriving);
        Assert.Equal([Arriving], unclaimed.Expired);
        Assert.True(unclaimed.TryExpire(Arriving));
        Assert.False(unclaimed.TryExpire(Arriving));
        Assert.Empty(unclaimed.Expired);
    }

    [Fact]
    public void WhatIsClaimedDoesNot()
    {
        var unclaimed = new UnclaimedMetadata(TimeSpan.Zero);
        unclaimed.Arrive(Arriving);
        unclaimed.Claim(Arriving);
        Assert.Empty(unclaimed.Expired);
        Assert.False(unclaimed.TryExpire(Arriving));
    }

    [Fact]
    public void TheRecordsOfVmsThatLiveHereDoNot()
    {
        var unclaimed = new UnclaimedMetadata(TimeSpan.Zero);
        unclaimed.Arrive(Vm);
        unclaimed.Arrive(MigrationIds.Source(Vm));
        Assert.Empty(unclaimed.Expired);
    }

    [Fact]
    public void NothingExpiresBeforeItsTime()
    {
        var unclaimed = new UnclaimedMetadata(TimeSpan.FromDays(1));
        unclaimed.Arrive(Arriving);
        Assert.Empty(unclaimed.Expired);
        Assert.False(unclaimed.TryExpire(Arriving));
    }
}

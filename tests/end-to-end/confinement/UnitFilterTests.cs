using Xunit;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>System calls that a daemon makes seldom, and would be killed for where its unit's filter does not let them through.</summary>
public sealed class UnitFilterTests
{
    /// <summary>xenopsd sets priorities of disks and bounds of boot loaders, which take another user's rights and a world of their own; all give threads shares.</summary>
    [Theory]
    [InlineData("xenopsd", "ioprio_set ioprio_get prlimit64 setuid setgid setgroups chroot unshare mount umount2 kill setpriority fallocate")]
    [InlineData("xapi", "prlimit64 setpriority kill fallocate")]
    [InlineData("xen-simulator", "setpriority memfd_create fallocate")]
    public async Task TheUnitLetsThemThrough(string daemon, string calls)
    {
        using var deadline = new CancellationTokenSource(PoolFixture.TestDeadline);
        var allowed = (await SystemCalls.LoadAsync(deadline.Token)).Allowed(new UnitFile(daemon + ".service"));
        Assert.Empty(calls.Split(' ').Except(allowed));
    }
}

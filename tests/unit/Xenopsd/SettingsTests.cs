using Toolstack.Hosting;
using Toolstack.Xenopsd.Server;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class SettingsTests
{
    [Fact]
    public void TheSimulatorObeysTheKeysOfMigration()
    {
        var options = Settings.SimulatedDomains(Parse("vm-suspend-ack-timeout = 9"));
        Assert.Equal(TimeSpan.FromSeconds(7), Settings.SaveOptions(Parse("migration-silence-deadline = 7")).SilenceDeadline);
        Assert.Equal(TimeSpan.FromSeconds(9), options.SuspendAckTimeout);
    }

    [Fact]
    public void ThirtySecondsAreTheDefaultOfBothWaits()
    {
        var options = Settings.SimulatedDomains(Parse());
        Assert.Equal(TimeSpan.FromSeconds(30), options.SuspendAckTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), Settings.SaveOptions(Parse()).SilenceDeadline);
    }

    private static Configuration Parse(params string[] lines) => Configuration.Parse("xenopsd.conf", lines, Settings.All);
}

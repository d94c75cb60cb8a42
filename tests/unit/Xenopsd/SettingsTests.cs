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

    [Fact]
    public void BootLoadersHaveTheirPrograms()
    {
        Assert.Equal("/usr/lib/xen-default/bin/pygrub", Settings.SimulatedDomains(Parse()).BootLoaders["pygrub"]);
        var options = Settings.SimulatedDomains(Parse("bootloaders = a=/x=1 b=/y", "pci-quarantine = false"));
        Assert.Equal(("/x=1", "/y", false), (options.BootLoaders["a"], options.BootLoaders["b"], options.QuarantinesPci));
        Assert.Throws<ConfigurationException>(() => Settings.SimulatedDomains(Parse("bootloaders = pygrub")));
    }

    private static Configuration Parse(params string[] lines) => Configuration.Parse("xenopsd.conf", lines, Settings.All);
}

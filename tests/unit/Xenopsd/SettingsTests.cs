using Toolstack.Hosting;
using Toolstack.Xenopsd.Server;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class SettingsTests
{
    [Fact]
    public void TheSimulatorObeysTheKeysOfMigration()
    {
        var options = Settings.SimulatorOptions(Parse("migration-silence-deadline = 7", "vm-suspend-ack-timeout = 9", "simulator-memory-mib = 128"));
        Assert.Equal(TimeSpan.FromSeconds(7), options.RestoreSilence);
        Assert.Equal(TimeSpan.FromSeconds(9), options.SuspendAckTimeout);
        Assert.Equal(128L << 20, options.TotalMemoryBytes);
    }

    [Fact]
    public void ThirtySecondsAreTheDefaultOfBothWaits()
    {
        var options = Settings.SimulatorOptions(Parse());
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30)), (options.RestoreSilence, options.SuspendAckTimeout));
        Assert.Equal(options.RestoreSilence, Settings.SaveOptions(Parse()).SilenceDeadline);
    }

    private static Configuration Parse(params string[] lines) => Configuration.Parse("xenopsd.conf", lines, Settings.All);
}

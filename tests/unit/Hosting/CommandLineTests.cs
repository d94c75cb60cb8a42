using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", CommandVerb.Run, null)]
    [InlineData("--config a.conf", CommandVerb.Run, "a.conf")]
    [InlineData("--config=a.conf", CommandVerb.Run, "a.conf")]
    [InlineData("--config", CommandVerb.Wrong, null)]
    [InlineData("--config=", CommandVerb.Wrong, null)]
    [InlineData("--help", CommandVerb.Help, null)]
    [InlineData("--help=man", CommandVerb.HelpAsManual, null)]
    [InlineData("--help=conf", CommandVerb.HelpAsConfiguration, null)]
    [InlineData("--print-config --config a.conf", CommandVerb.PrintConfig, "a.conf")]
    [InlineData("--config a.conf --version", CommandVerb.Version, null)]
    [InlineData("--nonsense", CommandVerb.Wrong, null)]
    [InlineData("a.conf", CommandVerb.Wrong, null)]
    public void A_command_line_is_understood(string line, object verb, string? file)
    {
        var command = CommandLine.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(verb, command.Verb);
        Assert.Equal(file, command.ConfigFile);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("20000000", null, 10.0)]
    [InlineData("20000000", "77", 10.0)]
    [InlineData("20000000", "78", null)]
    [InlineData("0", null, null)]
    [InlineData("-5", null, null)]
    [InlineData("soon", null, null)]
    public void The_watchdog_is_fed_at_half_its_period_if_it_is_ours(string? microseconds, string? pid, double? seconds) =>
        Assert.Equal(seconds, ServiceManager.WatchdogPeriod(microseconds, pid, 77)?.TotalSeconds);
}

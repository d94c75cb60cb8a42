using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class LogRateLimitTests
{
    private readonly SteppedTime time = new();

    [Fact]
    public void OneEventSaidTooOftenIsCutAndTheNextWindowSaysHowOften()
    {
        var limit = new LogRateLimit(time);
        for (var line = 0; line < HostingLimits.MaxLogLinesPerEvent; line++)
        {
            Assert.True(limit.Passes(7, LogLevel.Information, out _));
        }

        Assert.False(limit.Passes(7, LogLevel.Information, out _));
        Assert.False(limit.Passes(7, LogLevel.Error, out _));
        Assert.True(limit.Passes(8, LogLevel.Information, out var ofAnother));
        time.Now += HostingLimits.LogWindow;
        Assert.True(limit.Passes(7, LogLevel.Information, out var suppressed));
        Assert.True(limit.Passes(7, LogLevel.Information, out var again));
        Assert.Equal((2, 0, 0), (suppressed, again, ofAnother));
    }

    [Theory]
    [InlineData(LogLevel.Debug)]
    [InlineData(LogLevel.Critical)]
    public void WhatIsAskedForAndWhatIsLastAlwaysPasses(LogLevel level)
    {
        var limit = new LogRateLimit(time);
        Assert.All(Enumerable.Range(0, HostingLimits.MaxLogLinesPerEvent + 10), _ => Assert.True(limit.Passes(7, level, out var _)));
    }

    private sealed class SteppedTime : TimeProvider
    {
        internal TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}

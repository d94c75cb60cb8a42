using System.Buffers.Binary;
using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Stream;

/// <summary>The bytes the save engine writes, and what decides how many of them.</summary>
public class SaveEngineTests
{
    private static readonly SaveOptions Plain = SaveOptions.Default with { Live = false };

    [Theory]
    [InlineData(1, 9)]
    [InlineData(3, 8)]
    [InlineData(5, 5)]
    [InlineData(6, 0)]
    public async Task A_short_run_of_zeros_is_sent_as_data(int least, int zeros)
    {
        // Zero are 0 to 4, 7, 10 to 12.
        using FakeGuest guest = new(13) { LeastZeroRun = least };
        foreach (var gfn in (int[])[5, 6, 8, 9])
        {
            guest.Page(gfn).Fill((byte)gfn);
        }

        var (image, statistics) = await guest.SaveAsync(Plain with { PeerTakesZeroRecords = true });
        Assert.Equal(zeros, statistics.ZeroPages);
        using FakeGuest copy = new(13) { FreshFramesAreZero = false };
        for (var gfn = 0; gfn < 13; gfn++)
        {
            copy.Page(gfn).Fill(77);
        }

        copy.Restore(image);
        for (var gfn = 0; gfn < 13; gfn++)
        {
            Assert.True(guest.Page(gfn).SequenceEqual(copy.Page(gfn)), $"frame {gfn}");
        }
    }

    [Fact]
    public async Task A_small_guest_gives_exactly_these_bytes()
    {
        using FakeGuest guest = new(3);
        guest.Page(1).Fill(2);
        var (image, statistics) = await guest.SaveAsync(Plain with { PeerTakesZeroRecords = true });

        // The Xenops record carries the time; the bytes after it are fixed.
        Assert.Equal("XenSavedDomv2-\n"u8.ToArray(), image[..15]);
        Assert.Equal(0x0fUL, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(15)));
        var text = (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(23));
        var page = new byte[4096];
        page.AsSpan().Fill(2);
        var context = HvmContext.Build(1, []);
        var expected = new StreamBytes()
            .Image(0x00f0)
            .Headers()
            .Record(0x11, new byte[24]).Record(0x12, new byte[16]).Record(0x10)
            .Record(1, [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, .. page])
            .Zeros((0, 1), (2, 1))
            .Record(9, context)
            .Record(0xa, [1, 0, 0, 0, 0, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0])
            .End()
            .ToArray();
        Assert.Equal(expected, image[(31 + text)..]);
        Assert.Equal(image.Length, statistics.BytesSent);
        Assert.Equal(2, statistics.ZeroPages);
    }

    [Fact]
    public async Task Without_zero_records_only_standard_types_are_written()
    {
        using FakeGuest guest = new(2500);
        guest.Page(2499).Fill(1);
        var (image, statistics) = await guest.SaveAsync(Plain);
        Assert.Equal(2500, statistics.PagesSent);
        var start = image.AsSpan().IndexOf("XENF"u8) - 8 + 24 + 16;
        List<(uint Type, uint Length)> records = [];
        do
        {
            var type = BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(start));
            var length = BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(start + 4));
            records.Add((type, length));
            start += 8 + (int)((length + 7) & ~7);
        }
        while (records[^1].Type != 0);
        uint[] sizes = [.. records.Where(r => r.Type == 1).Select(r => r.Length)];
        Assert.Equal([8u + (1024 * 4104), 8u + (1024 * 4104), 8u + (452 * 4104)], sizes);
        Assert.Equal([0x11u, 0x12u, 0x10u, 1u, 1u, 1u, 9u, 0xau, 0u], records.Select(r => r.Type));
    }

    [Fact]
    public async Task What_the_guest_writes_during_the_copy_arrives_in_its_last_version()
    {
        using FakeGuest guest = new(300);
        for (var i = 0; i < 300; i++)
        {
            guest.Page(i).Fill(1);
        }

        var round = 0;
        guest.BeforeClean = () =>
        {
            // Three rounds of writes: a frame that changes, one that becomes zero, one that stops being zero.
            if (round++ < 3)
            {
                for (var i = 0; i < 100; i++)
                {
                    guest.Write(i, (byte)(round + 10));
                }

                guest.Write(200, 0);
                guest.Write(201, (byte)(round % 2));
            }
        };
        var options = SaveOptions.Default with { PeerTakesZeroRecords = true, DowntimeTarget = TimeSpan.Zero };
        var (image, statistics) = await guest.SaveAsync(options);
        Assert.False(guest.LogDirty);
        Assert.True(statistics.Iterations > 1);

        using FakeGuest copy = new(300);
        copy.Restore(image);
        for (var i = 0; i < 300; i++)
        {
            Assert.True(guest.Page(i).SequenceEqual(copy.Page(i)), $"gfn {i}");
        }
    }

    [Fact]
    public async Task Progress_follows_the_data_and_not_the_holes()
    {
        const int frames = 16 * StreamLimits.BatchPages;
        using FakeGuest guest = new(frames) { FirstPopulated = frames / 2 };
        for (var i = frames / 2; i < frames; i++)
        {
            guest.Page(i).Fill(1);
        }

        Values progress = new();
        await guest.SaveAsync(SaveOptions.Default with { PeerTakesZeroRecords = true }, progress);
        Assert.InRange(progress.Seen[0], 0.05, 0.15);
        Assert.Equal(8, progress.Seen.Count(v => v <= 0.8 + 1e-9));
        Assert.Equal(1, progress.Seen[^1]);
    }

    [Theory]
    [InlineData(1, 10, 1e9, 0.3, true)] // below the threshold
    [InlineData(1, 1000, 1e9, 0.3, true)] // 4 MB at 1 GB/s is within the target
    [InlineData(1, 1000, 1e6, 0.3, false)] // 4 s are not
    [InlineData(5, 1000, 1e6, 0.3, true)] // the bound
    [InlineData(1, 1000, 0, 0.3, false)] // no measurement yet
    public void The_policy_stops_for_a_reason(int iterations, long dirty, double rate, double target, bool stops)
    {
        PreCopyPolicy policy = new(5, TimeSpan.FromSeconds(target));
        Assert.Equal(stops, policy.ShouldStop(iterations, dirty, rate));
        Assert.Equal(stops, policy.StopReason is not null);
    }

    [Fact]
    public void The_policy_gives_up_when_two_passes_gain_nothing()
    {
        PreCopyPolicy policy = new(100, TimeSpan.Zero);
        Assert.False(policy.ShouldStop(1, 1000, 1));
        Assert.False(policy.ShouldStop(2, 900, 1));
        Assert.False(policy.ShouldStop(3, 950, 1));
        Assert.True(policy.ShouldStop(4, 900, 1));
    }

    private sealed class Values : IProgress<double>
    {
        public List<double> Seen { get; } = [];

        public void Report(double value) => Seen.Add(value);
    }
}

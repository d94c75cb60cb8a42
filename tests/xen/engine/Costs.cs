using System.Diagnostics;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>Prints where the time of a copy went, for each frame and in all.</summary>
internal static class Costs
{
    public static void Print(SaveStatistics statistics, XenGuest guest, ForeignWindow window)
    {
        var rate = statistics.BytesSent / statistics.Duration.TotalSeconds / 1e6;
        Console.WriteLine($"saved {statistics.BytesSent} bytes in {statistics.Duration.TotalMilliseconds:0} ms: {rate:0.0} MB/s, "
            + $"{statistics.Iterations} live passes ({statistics.StopReason}), {statistics.Downtime.TotalMilliseconds:0} ms from the request to suspend on");
        foreach (var pass in statistics.Passes)
        {
            Console.WriteLine($"  pass: {pass.Pages} pages, {pass.ZeroPages} zero, {pass.Bytes} bytes, {pass.Duration.TotalMilliseconds:0} ms, {pass.DirtyPages} dirty after it");
        }

        var copied = statistics.Passes.Aggregate(TimeSpan.Zero, static (sum, pass) => sum + pass.Duration) - guest.TypeTime - window.MapTime;
        Line("type query", guest.TypeTime, guest.TypesAsked);
        Line("map", window.MapTime, window.Mapped);
        Line("copy and send", copied, statistics.BytesSent / ForeignMapping.FrameBytes);
        var mapped = window.Mapped;
        var start = Stopwatch.GetTimestamp();
        window.Dispose();
        Line("unmap", Stopwatch.GetElapsedTime(start), mapped);
    }

    public static void Print(RestoreStatistics statistics, TimeSpan whole) =>
        Console.WriteLine($"restored {statistics.BytesReceived} bytes, {statistics.Frames} frames and {statistics.ZeroFrames} of zeros, in "
            + $"{statistics.Duration.TotalMilliseconds:0} ms: {statistics.BytesReceived / statistics.Duration.TotalSeconds / 1e6:0.0} MB/s; "
            + $"{whole.TotalMilliseconds:0} ms with the domain's making");

    private static void Line(string what, TimeSpan time, long frames) =>
        Console.WriteLine($"  cost {what,-14} {time.TotalMilliseconds,9:0.0} ms {frames,9} frames {time.TotalMicroseconds / Math.Max(1, frames),8:0.00} us each");
}

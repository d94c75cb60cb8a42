using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>Makes sure that a disk has all that was written to it, so that another host that opens it sees that.</summary>
internal static class DiskFlush
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    /// <param name="path">The block device or file.</param>
    /// <param name="physical">A block device's number as the back end has it, <c>major:minor</c> in hexadecimal; null for a file.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal static async Task RunAsync(string path, string? physical, CancellationToken cancel)
    {
        try
        {
            if (InFlightFile(physical) is { } counters)
            {
                await WaitIdleAsync(path, counters, cancel).ConfigureAwait(false);
            }

            using var disk = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            await Task.Run(() => RandomAccess.FlushToDisk(disk), cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XenopsError(new XenopsErrorValue.IO_error(), error);
        }
    }

    /// <summary>Waits until the kernel has nothing under way for the device: a back end may still be at what it took before the guest was
    /// suspended.</summary>
    private static async Task WaitIdleAsync(string path, string counters, CancellationToken cancel)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (File.Exists(counters) && File.ReadAllText(counters).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Any(static n => n != "0"))
        {
            if (TimeProvider.System.GetElapsedTime(began) > DomainLimits.DiskIdle)
            {
                throw new IOException($"{path} has requests under way for longer than {DomainLimits.DiskIdle.TotalSeconds:0} s");
            }

            await Task.Delay(Look, cancel).ConfigureAwait(false);
        }
    }

    private static string? InFlightFile(string? physical) =>
        physical?.Split(':') is [var major, var minor]
        && int.TryParse(major, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int first)
        && int.TryParse(minor, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int second)
            ? string.Create(CultureInfo.InvariantCulture, $"/sys/dev/block/{first}:{second}/inflight")
            : null;
}

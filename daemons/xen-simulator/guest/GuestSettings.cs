using System.Globalization;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Guest;

/// <summary>What a VM's platform data asks of its guest (<see cref="GuestKeys"/>). As elsewhere in platform data, a value that cannot
/// be read is the default.</summary>
internal sealed class GuestSettings(IReadOnlyDictionary<string, string> platform)
{
    private const long PagesPerMib = (1 << 20) / GuestMemory.PageSize;

    public bool IgnoresShutdown => Flag(GuestKeys.IgnoreShutdown);

    public bool HasBalloon => !Flag(GuestKeys.NoBalloon);

    public TimeSpan ShutdownDelay => Milliseconds(GuestKeys.ShutdownDelay);

    public TimeSpan BalloonDelay => Milliseconds(GuestKeys.BalloonDelay);

    /// <summary>Zero for never.</summary>
    public TimeSpan CrashAfter => Milliseconds(GuestKeys.CrashAfter);

    public long DirtyRate => Math.Min(Number(GuestKeys.DirtyRate, GuestLimits.DefaultDirtyRate), GuestLimits.MaxDirtyRate);

    public long WorkingSetPages(long guestPages) =>
        Math.Min(Number(GuestKeys.WorkingSet, guestPages / PagesPerMib / 2), guestPages / PagesPerMib) * PagesPerMib;

    private TimeSpan Milliseconds(string key) => TimeSpan.FromMilliseconds(Math.Min(Number(key, 0), int.MaxValue));

    private bool Flag(string key) =>
        platform.TryGetValue(key, out var value)
        && (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase));

    private long Number(string key, long otherwise) =>
        platform.TryGetValue(key, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}

using System.Globalization;
using Toolstack.XenSimulator.Guest;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>What a script said and did; <see cref="Then"/> is how the guest ends after it.</summary>
internal readonly record struct ScriptResult(bool Success, string Output, ShutdownCode? Then = null);

/// <summary>
/// The scripts the simulated guest knows: <c>verify-memory</c>, <c>counter</c>, <c>longest-pause</c> (ms in which it did not run),
/// <c>longest-stop</c> (the same, because it was paused or suspended), <c>reset-pause</c>, <c>vgpu</c> (what its graphics cards hold),
/// <c>set-dirty-rate N</c> (frames per second), <c>poweroff</c>, <c>reboot</c>, <c>crash</c>, <c>watchdog</c> (nobody set it back) and
/// <c>soft-reset</c> (another kernel is started in the guest's memory). Any other fails.
/// </summary>
internal static class GuestScripts
{
    public static ScriptResult Run(SimulatedDomain domain, string script)
    {
        if (script.Length > GuestLimits.MaxScript)
        {
            return new(false, $"a script over {nameof(GuestLimits.MaxScript)}");
        }

        var words = script.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words switch
        {
            [var word] when Inspect(domain, word) is { } answer => new(true, answer),
            ["reset-pause"] => new(true, domain.WithSlices(slices => ForEach(slices, s => s.ResetPause()))),
            ["set-dirty-rate", var text] => SetDirtyRate(domain, text),
            ["poweroff"] => new(true, "", ShutdownCode.Poweroff),
            ["reboot"] => new(true, "", ShutdownCode.Reboot),
            ["crash"] => new(true, "", ShutdownCode.Crash),
            ["watchdog"] => new(true, "", ShutdownCode.Watchdog),
            ["soft-reset"] => new(true, "", ShutdownCode.SoftReset),
            _ => new(false, $"the guest has no script '{script}'"),
        };
    }

    /// <summary>The answer to a script that changes nothing; null for any other. The guest need not run.</summary>
    public static string? Inspect(SimulatedDomain domain, string script) => script switch
    {
        "verify-memory" => domain.WithSlices(Verify),
        "counter" => domain.WithSlices(slices => $"{Counter(slices)}"),
        "vgpu" => string.Join(' ', domain.Vgpus().Select(static g => $"{g.device}={g.state}")),
        "longest-pause" => domain.WithSlices(slices => LongestPause(slices).ToString("F1", CultureInfo.InvariantCulture)),
        "longest-stop" => domain.WithSlices(slices => slices.Max(s => s.LongestStop.TotalMilliseconds).ToString("F1", CultureInfo.InvariantCulture)),
        _ => null,
    };

    private static string Verify(IReadOnlyList<GuestSlice> slices)
    {
        var pages = 0L;
        var errors = 0L;
        var checksum = 0UL;
        foreach (var slice in slices)
        {
            var check = slice.Verify();
            pages += check.Pages;
            errors += check.Errors;
            checksum = PagePattern.Scramble(checksum) ^ check.Checksum;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"counter={Counter(slices)} pages={pages} errors={errors} longest-pause-ms={LongestPause(slices):F1} checksum={checksum:x16}");
    }

    private static ScriptResult SetDirtyRate(SimulatedDomain domain, string text)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) || rate > GuestLimits.MaxDirtyRate)
        {
            return new(false, $"set-dirty-rate takes 0 to {GuestLimits.MaxDirtyRate}");
        }

        return new(true, domain.WithSlices(slices => ForEach(slices, s => s.SetDirtyRate(rate / slices.Count))));
    }

    private static ulong Counter(IReadOnlyList<GuestSlice> slices) => slices.Aggregate(0UL, (sum, s) => sum + s.Counter);

    private static double LongestPause(IReadOnlyList<GuestSlice> slices) => slices.Max(s => s.LongestPause.TotalMilliseconds);

    private static string ForEach(IReadOnlyList<GuestSlice> slices, Action<GuestSlice> action)
    {
        foreach (var slice in slices)
        {
            action(slice);
        }

        return "";
    }
}

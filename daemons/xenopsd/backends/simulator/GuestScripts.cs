using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// The scripts the simulated guest knows: <c>verify-memory</c>, <c>counter</c>, <c>longest-pause</c>, <c>reset-pause</c>,
/// <c>set-dirty-rate N</c> (frames per second) and <c>crash</c>. Any other raises XenopsError Failed_to_run_script.
/// </summary>
internal static class GuestScripts
{
    public static string Run(SimulatedDomain domain, string script)
    {
        if (script.Length > SimulatorLimits.MaxScript)
        {
            throw Failed($"a script over {nameof(SimulatorLimits.MaxScript)}");
        }

        var words = script.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words switch
        {
            ["verify-memory"] => domain.WithSlices(Verify),
            ["counter"] => domain.WithSlices(slices => $"{Counter(slices)}"),
            ["longest-pause"] => domain.WithSlices(slices => $"{LongestPause(slices):F1}"),
            ["reset-pause"] => domain.WithSlices(slices => ForEach(slices, s => s.ResetPause())),
            ["set-dirty-rate", var text] => SetDirtyRate(domain, text),
            ["crash"] => domain.TryShutdown(Backends.ShutdownReason.Crash) ? "" : throw Failed("the guest is not running"),
            _ => throw Failed($"the guest has no script '{script}'"),
        };
    }

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

    private static string SetDirtyRate(SimulatedDomain domain, string text)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) || rate > SimulatorLimits.MaxDirtyRate)
        {
            throw Failed($"set-dirty-rate takes 0 to {SimulatorLimits.MaxDirtyRate}");
        }

        return domain.WithSlices(slices => ForEach(slices, s => s.SetDirtyRate(rate / slices.Count)));
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

    private static XenopsError Failed(string reason) => new(new XenopsErrorValue.Failed_to_run_script(reason));
}

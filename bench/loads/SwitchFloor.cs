namespace Toolstack.Bench.Loads;

/// <summary>What a broker costs at best: the C program beside this file makes the same hops and does nothing else.</summary>
internal static class SwitchFloor
{
    /// <summary>Microseconds: the median, the 99th percentile and the mean. Null where there is no C compiler.</summary>
    internal static async Task<(double P50, double P99, double Mean)?> MeasureAsync(int bytes, int calls, CancellationToken cancellation) =>
        await CProgram.RunAsync("switch-floor", [$"{bytes}", $"{calls}"], cancellation) is [var p50, var p99, var mean, ..]
            ? (p50 / 1000, p99 / 1000, mean / 1000)
            : null;
}

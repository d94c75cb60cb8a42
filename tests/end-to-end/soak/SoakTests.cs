using System.Globalization;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Many VMs, many operations at random, and nothing left over. Short as a test; SOAK_STEPS and SOAK_VMS make it long
/// (<c>make soak</c>); SOAK_SEED repeats a run's choices.</summary>
public sealed class SoakTests(StorageFixture fixture) : IClassFixture<StorageFixture>
{
    private const int Vms = 20;
    private const int Steps = 60;

    /// <summary>For each step, and as much once more for making, ending and checking the VMs.</summary>
    private static readonly TimeSpan StepDeadline = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task VmsLiveAtRandomAndNothingIsLeft()
    {
        var vms = Setting("SOAK_VMS", Vms);
        var steps = Setting("SOAK_STEPS", Steps);
        var seed = Setting("SOAK_SEED", Environment.TickCount);
        using var deadline = new CancellationTokenSource((steps + vms) * StepDeadline);
        var soak = new Soak(fixture, seed);
        try
        {
            await soak.RunAsync(vms, steps, deadline.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException($"seed {seed}: {soak.Trail}", e);
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}

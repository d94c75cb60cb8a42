using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>xenopsd dies before every plain step of every operation on a VM with a disk and an interface: each time host and VM come back, without help, to a
/// whole state, and the operation can be done again.</summary>
public abstract class BoundaryTests
{
    private const int MaxSteps = 60;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(12);

    /// <param name="method">The operation.</param>
    /// <param name="end">The state it ends in.</param>
    /// <param name="between">The states it may be left in.</param>
    /// <param name="leastSteps">A number of steps it surely has.</param>
    /// <param name="stride">Steps from one cut to the next.</param>
    protected static async Task CutAtEveryStepAsync(string method, string end, string between, int leastSteps, int stride = 1)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var cancel = deadline.Token;
        // A pool for each operation: what a failure leaves is its own.
        await using IAsyncDisposable owned = await BoundaryFixture.StartAsync();
        var fixture = (BoundaryFixture)owned;
        var xenopsd = new MortalXenopsd(fixture.Pool.Coordinator);
        var vm = await VmUnderTest.CreateAsync(fixture, cancel);
        var step = 1;
        while (await CutAsync(vm, xenopsd, method, end, between.Split(' '), step, cancel))
        {
            step += stride;
            Assert.True(step < MaxSteps, $"{method} has no end");
        }

        Assert.True(step > leastSteps, $"{method} was cut up to step {step - 1} only");
        TestContext.Current.TestOutputHelper?.WriteLine($"{method}: {step - 1} steps");
        await vm.DestroyAsync(cancel);
        Assert.Empty(await StoreNodes.OfGuestsAsync(fixture.Pool.Coordinator, cancel));
    }

    /// <summary>False when the operation came to its end and xenopsd lived.</summary>
    private static async Task<bool> CutAsync(
        VmUnderTest vm, MortalXenopsd xenopsd, string method, string end, string[] between, int step, CancellationToken cancel)
    {
        var moment = $"{method} cut at step {step}";
        await vm.PrepareAsync(method, cancel);
        await vm.SettleAsync("before " + moment, cancel);
        await xenopsd.ArmAsync(step, cancel);
        var answer = await TryAsync(vm, method, cancel);
        var died = await xenopsd.DiedAsync(cancel);
        if (!died)
        {
            await xenopsd.DisarmAsync(cancel);
        }

        var state = await vm.SettleAsync(moment, cancel);
        if (answer.Length == 0)
        {
            Assert.Equal((moment, end), (moment, state));
        }

        Assert.True(died || answer.Length == 0, $"{moment}: {answer} from a xenopsd that lives");
        Assert.True(between.Contains(state), $"{moment}: it is {state}");
        await vm.VerifyAsync(moment, cancel);
        if (answer.Length > 0)
        {
            await vm.PrepareAsync(method, cancel);
            await vm.CallAsync(method, cancel);
            Assert.Equal((moment, end), (moment, await vm.SettleAsync("after " + moment, cancel)));
            await vm.VerifyAsync(moment, cancel);
        }

        return died;
    }

    private static async Task<string> TryAsync(VmUnderTest vm, string method, CancellationToken cancel)
    {
        try
        {
            await vm.CallAsync(method, cancel);
            return "";
        }
        catch (XenApiFailure failure)
        {
            return failure.Message;
        }
    }
}

public sealed class StartBoundaryTests : BoundaryTests
{
    [Fact]
    public Task AStartIsCutAtEveryStep() => CutAtEveryStepAsync("VM.start", "Running", "Halted Paused Running", 5);

    [Theory]
    [InlineData("VM.hard_shutdown", 4)]
    [InlineData("VM.clean_shutdown", 5)]
    public Task AShutdownIsCutAtEveryStep(string method, int leastSteps) => CutAtEveryStepAsync(method, "Halted", "Running Halted", leastSteps);
}

public sealed class RebootBoundaryTests : BoundaryTests
{
    [Theory]
    [InlineData("VM.hard_reboot", 9)]
    [InlineData("VM.clean_reboot", 10)]
    public Task ARebootIsCutAtEveryStep(string method, int leastSteps) => CutAtEveryStepAsync(method, "Running", "Halted Paused Running", leastSteps);
}

/// <summary>To xenopsd a checkpoint is a suspend and a resume, which are cut at every step as such; to xapi it is one operation.</summary>
public sealed class CheckpointBoundaryTests : BoundaryTests
{
    [Fact]
    public Task ACheckpointIsCutAtEveryFourthStep() => CutAtEveryStepAsync("VM.checkpoint", "Running", "Suspended Halted Paused Running", 9, stride: 4);
}

/// <summary>To a new domain of the same host: source and destination are one xenopsd, and both die.</summary>
public sealed class MigrationBoundaryTests : BoundaryTests
{
    [Fact]
    public Task AMigrationIsCutAtEveryStep() => CutAtEveryStepAsync("VM.pool_migrate", "Running", "Running", 15);
}

public sealed class SuspendBoundaryTests : BoundaryTests
{
    [Fact]
    public Task ASuspendIsCutAtEveryStep() => CutAtEveryStepAsync("VM.suspend", "Suspended", "Running Halted Suspended", 5);

    [Fact]
    public Task AResumeIsCutAtEveryStep() => CutAtEveryStepAsync("VM.resume", "Running", "Suspended Halted Paused Running", 4);
}

public sealed class DeviceBoundaryTests : BoundaryTests
{
    [Theory]
    [InlineData("VBD.plug")]
    [InlineData("VBD.unplug")]
    [InlineData("VIF.plug")]
    [InlineData("VIF.unplug")]
    public Task AHotplugIsCutAtEveryStep(string method) => CutAtEveryStepAsync(method, "Running", "Running", 1);
}

/// <summary>A pool of one host with storage.</summary>
public sealed class BoundaryFixture : StorageFixture
{
    protected override PoolOptions Options => new() { Hosts = 1 };

    internal static async Task<BoundaryFixture> StartAsync()
    {
        var fixture = new BoundaryFixture();
        await fixture.InitializeAsync();
        return fixture;
    }
}

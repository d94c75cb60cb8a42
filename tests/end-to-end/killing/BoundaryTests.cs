using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>xenopsd dies before every plain step of every operation on a VM with a disk: each time host and VM come back, without help, to a
/// whole state, and the operation can be done again.</summary>
public sealed class BoundaryTests
{
    private const int MaxSteps = 60;

    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(6);

    /// <summary>The operation, the state it ends in, the states it may be left in, and a number of steps it surely has.</summary>
    [Theory]
    [InlineData("VM.start", "Running", "Halted Paused Running", 5)]
    [InlineData("VM.hard_shutdown", "Halted", "Running Halted", 4)]
    [InlineData("VM.clean_shutdown", "Halted", "Running Halted", 5)]
    [InlineData("VM.hard_reboot", "Running", "Halted Paused Running", 9)]
    [InlineData("VM.suspend", "Suspended", "Running Halted Suspended", 5)]
    [InlineData("VM.resume", "Running", "Suspended Halted Paused Running", 4)]
    [InlineData("VBD.plug", "Running", "Running", 1)]
    [InlineData("VBD.unplug", "Running", "Running", 1)]
    public async Task AnOperationIsCutAtEveryStep(string method, string end, string between, int leastSteps)
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
            Assert.True(++step < MaxSteps, $"{method} has no end");
        }

        Assert.True(step > leastSteps, $"{method} was cut at {step - 1} steps only");
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

/// <summary>A pool of one host with storage.</summary>
public sealed class BoundaryFixture : StorageFixture
{
    protected override PoolOptions Options => new() { Hosts = 1 };

    internal static async Task<BoundaryFixture> StartAsync()
    {
        var fixture = new BoundaryFixture();
        await ((IAsyncLifetime)fixture).InitializeAsync();
        return fixture;
    }
}

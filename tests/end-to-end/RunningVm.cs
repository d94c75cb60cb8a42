using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A VM of one test. Disposing ends and destroys it, whatever the test did to it.</summary>
internal sealed class RunningVm(PoolFixture fixture, string reference) : IAsyncDisposable
{
    internal string Ref => reference;

    internal Task<string> PowerStateAsync(CancellationToken cancel) => fixture.Client.TextAsync("VM.get_power_state", cancel, reference);

    internal Task<GuestMemory> VerifyMemoryAsync(CancellationToken cancel) => GuestMemory.VerifyAsync(fixture.Client, reference, cancel);

    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(PoolFixture.TestDeadline);
        if (await PowerStateAsync(deadline.Token) != "Halted")
        {
            await fixture.Client.CallAsync("VM.hard_shutdown", deadline.Token, reference);
        }

        await fixture.Client.CallAsync("VM.destroy", deadline.Token, reference);
    }
}

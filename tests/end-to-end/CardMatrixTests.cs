using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The matrix's VM has a share of a graphics card, which xenopsd is given behind xapi's back: XenAPI has none of them here.</summary>
public sealed class CardFixture : MatrixFixture
{
    private const string Device = "0";

    /// <summary>What the card of the VM holds.</summary>
    internal Task<string> HeldAsync(string vm, CancellationToken cancel) => Client.TextAsync(
        "VM.call_plugin", cancel, vm, "guest-agent-operation", "run-script", new Dictionary<string, string> { ["script"] = "vgpu" });

    protected override async Task CompleteAsync(string vm, string uuid, CancellationToken cancel)
    {
        var host = Pool.Hosts[await ResidentOnAsync(vm, cancel) - 1];

        // Until the card is started, word of xapi's may take it from the VM's record again.
        while (!await IsPluggedAsync(host, uuid, cancel))
        {
            var address = new { domain = 0, bus = 4, dev = 0, fn = 0 };
            var implementation = new object[] { "MxGPU", new { vgpus_per_pgpu = 4, framebufferbytes = 1 << 20 } };
            await XenopsCall.AskAsync(
                host, "VGPU.add", cancel, ("vgpu", new { id = new[] { uuid, Device }, position = 0, physical_pci_address = address, implementation }));
            await XenopsCall.EndAsync(host, await XenopsCall.AskAsync(host, "VM.create_device_model", cancel, ("id", uuid), ("save_state", false)), cancel);
        }
    }

    private static async Task<bool> IsPluggedAsync(PoolHost host, string uuid, CancellationToken cancel) =>
        (await XenopsCall.AskAsync(host, "VGPU.list", cancel, ("id", uuid))).EnumerateArray().Any(static card => card[1].GetProperty("plugged").GetBoolean());
}

/// <summary>The steps of the matrix at which it matters that there is a connection for what graphics cards hold, or that it has been sent.</summary>
public sealed class CardMatrixTests(CardFixture fixture) : MigrationMatrix(fixture), IClassFixture<CardFixture>
{
    private readonly CardFixture fixture = fixture;

    [Theory]
    [InlineData("abort", "send.vgpu-connected")]
    [InlineData("cut", "send.vgpu-connected")]
    [InlineData("abort", "receive.vgpu")]
    [InlineData("cut", "receive.vgpu")]
    [InlineData("abort", "send.suspended")]
    [InlineData("cut", "receive.restoring")]
    [InlineData("abort", "receive.restored")]
    [InlineData("abort", "receive.taken")]
    public async Task OneWholeCopyIsLeftWithItsCard(string how, string step)
    {
        var vm = await fixture.MachineAsync(Cancel);
        await fixture.WaitUntilSettledAsync(Cancel);
        var held = await fixture.HeldAsync(vm.Ref, Cancel);
        Assert.Matches("^0=[0-9a-f]+$", held);
        await DisturbedMigrationAsync(how, step);
        Assert.Equal(held, await fixture.HeldAsync(vm.Ref, Cancel));
    }
}

using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The disk with xenopsd's records is full, or nearly: what cannot be recorded fails, nothing is damaged, and all works again once there
/// is room. Needs the right to mount.</summary>
public sealed class FullDiskTests : DeadlineTests
{
    private const int Block = 4096;
    private const int Blocks = 32;

    [Fact]
    public async Task AVmStartsOnceThereIsRoomForItsRecords()
    {
        await using IAsyncDisposable owned = await BoundaryFixture.StartAsync();
        var fixture = (BoundaryFixture)owned;
        var host = fixture.Pool.Coordinator;
        var place = Path.Combine(host.Directory, "xenopsd");
        await host.Xenopsd.HoldDeadAsync();
        if (!await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Blocks * Block}", "none", place))
        {
            Assert.Skip("no right to mount");
        }

        try
        {
            await host.Xenopsd.StartAsync(Cancel);
            await StartWithLittleRoomAsync(fixture, Path.Combine(place, "ballast"));
        }
        finally
        {
            await host.Xenopsd.StopAsync();
            await RunAsync("umount", place);
        }
    }

    /// <summary>With every number of free blocks, from none to enough: so that each write of a start fails once.</summary>
    private async Task StartWithLittleRoomAsync(StorageFixture fixture, string ballast)
    {
        var vm = await VmUnderTest.CreateAsync(fixture, Cancel);
        var failures = 0;
        for (var free = 0; ; free++)
        {
            Fill(ballast, free);
            var started = await StartsAsync(vm);
            var state = await vm.SettleAsync($"started with {free} free blocks", Cancel);
            Assert.Equal(started ? "Running" : "Halted", state);
            if (started)
            {
                break;
            }

            failures++;
        }

        Assert.True(failures > 0, "the disk was not full");
        Fill(ballast, 0);
        await vm.VerifyAsync("on a full disk", Cancel);
        await vm.CallAsync("VM.hard_shutdown", Cancel);
        Assert.Equal("Halted", await vm.SettleAsync("ended on a full disk", Cancel));
        File.Delete(ballast);
        await vm.CallAsync("VM.start", Cancel);
        Assert.Equal("Running", await vm.SettleAsync("with room again", Cancel));
        await vm.VerifyAsync("with room again", Cancel);
        await vm.DestroyAsync(Cancel);
    }

    private async Task<bool> StartsAsync(VmUnderTest vm)
    {
        try
        {
            await vm.CallAsync("VM.start", Cancel);
            return true;
        }
        catch (XenApiFailure)
        {
            return false;
        }
    }

    /// <summary>Leaves so many blocks of the disk.</summary>
    private static void Fill(string path, int free)
    {
        File.Delete(path);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[Block];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            file.SetLength(Math.Max(0, file.Length / Block - free) * Block);
        }
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Ctrl-C on a command that takes long.</summary>
public sealed partial class XeCancelTests(SlowMigrationFixture fixture) : DeadlineTests, IClassFixture<SlowMigrationFixture>
{
    private const int SigInt = 2;

    [Fact]
    public async Task AnInterruptCancelsTheTaskAndTheVmStaysWhereItIs()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 256);
        var uuid = await fixture.Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        var info = new ProcessStartInfo(
            Path.Combine(Repository.Binaries, "xe"), ["-s", fixture.Pool.Coordinator.XapiSocket, "vm-migrate", $"uuid={uuid}", "host=host2", "live=true"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["HOME"] = "/nonexistent";
        using var xe = Process.Start(info)!;
        var task = await TaskAsync();
        await fixture.WaitUntilCopyingAsync(task, Cancel);
        Assert.Equal(0, Kill(xe.Id, SigInt));
        var output = await xe.StandardOutput.ReadToEndAsync(Cancel);
        var error = await xe.StandardError.ReadToEndAsync(Cancel);
        await xe.WaitForExitAsync(Cancel);
        Assert.Equal((1, ""), (xe.ExitCode, output));
        Assert.NotEqual("", error);
        Assert.Equal(("Running", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        Assert.DoesNotContain(task, (await fixture.Client.MapAsync("task.get_all_records", Cancel)).Keys);
    }

    private async Task<string> TaskAsync()
    {
        while (true)
        {
            var tasks = await fixture.Client.MapAsync("task.get_all_records", Cancel);
            if (tasks.FirstOrDefault(static task => task.Value is Dictionary<string, object> record && (string)record["name_label"] == "Async.VM.pool_migrate") is { Key: { } found })
            {
                return found;
            }

            await Task.Delay(50, Cancel);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int pid, int signal);
}

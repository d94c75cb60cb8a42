using System.Diagnostics;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What xenopsd says where there is no Xen and it is told to use it.</summary>
public sealed class WithoutXenTests : DeadlineTests
{
    [Fact]
    public async Task TheMissingDeviceIsNamedAndTheWayOut()
    {
        Assert.SkipWhen(File.Exists("/dev/xen/privcmd") || File.Exists("/proc/xen/privcmd"), "this machine runs Xen");
        var directory = Directory.CreateTempSubdirectory("without-xen-").FullName;
        try
        {
            var config = Path.Combine(directory, "xenopsd.conf");
            await File.WriteAllLinesAsync(config,
            [
                "backend = xen",
                $"switch-path = {directory}/switch",
                $"database-path = {directory}/records",
                $"handover-path = {directory}/forwarded",
            ], Cancel);
            var info = new ProcessStartInfo(Path.Combine(Repository.Binaries, "xenopsd"), ["--config", config])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var xenopsd = Process.Start(info)!;
            var error = xenopsd.StandardError.ReadToEndAsync(Cancel);
            var said = await xenopsd.StandardOutput.ReadToEndAsync(Cancel) + await error;
            await xenopsd.WaitForExitAsync(Cancel);
            Assert.Equal(1, xenopsd.ExitCode);
            Assert.Contains("/dev/xen/privcmd", said, StringComparison.Ordinal);
            Assert.Contains("backend = simulator", said, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}

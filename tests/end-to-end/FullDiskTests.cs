using System.Diagnostics;
using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A host whose xenopsd keeps its records on a file system of its own, a small one.</summary>
public sealed class FullDiskFixture : PoolFixture
{
    /// <summary>Whether this machine lets its users make such a thing.</summary>
    internal static bool Possible { get; } = Runs("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt");

    protected override PoolOptions Options => new() { Hosts = 1, Launch = static (daemon, directory) => daemon == "xenopsd" && Possible ? OnSmallDisk(directory) : [] };

    private static string[] OnSmallDisk(string directory) =>
    [
        "unshare", "-rm", "sh", "-c",
        $"mkdir -p '{directory}/xenopsd' && mount -t tmpfs -o size=1m none '{directory}/xenopsd' && exec \"$0\" \"$@\"",
    ];

    private static bool Runs(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>The disk under xenopsd's records fills up.</summary>
public sealed class FullDiskTests(FullDiskFixture fixture) : DeadlineTests, IClassFixture<FullDiskFixture>
{
    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task AFullDiskIsAnErrorAndNoDamage()
    {
        Assert.SkipUnless(FullDiskFixture.Possible, "no file systems of one's own on this machine");
        await using var vm = await fixture.StartVmAsync(Cancel, 16);
        await using var other = new RunningVm(fixture, await TestVm.CreateAsync(Client, "other", 16, dirtyPagesPerSecond: 500, Cancel));
        var here = await fixture.HostRefAsync(1, Cancel);
        var records = string.Create(CultureInfo.InvariantCulture, $"/proc/{fixture.Pool.Coordinator.Xenopsd.Pid}/root{fixture.Pool.Coordinator.Directory}/xenopsd");
        var before = Records(records);
        Assert.NotEmpty(before);
        Fill(records + "/filler");

        await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.start_on", Cancel, other.Ref, here, false, false));
        Assert.Equal("Halted", await other.PowerStateAsync(Cancel));
        Assert.Equal(("Running", 0L), (await vm.PowerStateAsync(Cancel), (await vm.VerifyMemoryAsync(Cancel)).Errors));
        Assert.Equal(before, Records(records));

        File.Delete(records + "/filler");
        await Client.CallAsync("VM.start_on", Cancel, other.Ref, here, false, false);
        Assert.Equal(("Running", 0L), (await other.PowerStateAsync(Cancel), (await other.VerifyMemoryAsync(Cancel)).Errors));
        await Client.CallAsync("VM.hard_reboot", Cancel, vm.Ref);
        Assert.Equal(0L, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    /// <summary>Every file of the VMs' records and what is in it.</summary>
    private static List<(string Name, string Text)> Records(string root) =>
        [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(static f => !f.EndsWith("/filler", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(f => (Path.GetRelativePath(root, f), File.ReadAllText(f)))];

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(new byte[4096]);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }
}

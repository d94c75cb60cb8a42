using Toolstack.Tests.Hosting;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The administrator's scripts around operations: which are run when, what they are told, and what follows when they fail.</summary>
public sealed class HookTests
{
    private static readonly string[] Names =
    [
        "vm-pre-start", "vm-pre-shutdown", "vm-post-destroy", "vm-pre-reboot", "vm-pre-suspend", "vm-pre-resume", "vm-post-resume", "vm-pre-migrate", "vm-post-migrate",
    ];

    [Fact]
    public async Task EachOperationRunsItsScriptsAndTellsThemWhy()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync(memoryMib: 16);
        WriteAll(host, "exit 0");
        Disk.Local image = new(Path.Combine(host.Hooks, "image"));
        await File.WriteAllBytesAsync(image.path, []);
        await ExpectAsync(host, vm, "vm-pre-shutdown clean-reboot 1; vm-post-destroy clean-reboot; vm-pre-reboot none; vm-pre-start none", host.Service.VmReboot("test", vm, 60, default));
        await ExpectAsync(host, vm, "vm-pre-suspend suspend 2; vm-pre-shutdown suspend 2; vm-post-destroy suspend", host.Service.VmSuspend("test", vm, image, default));
        await ExpectAsync(host, vm, "vm-pre-resume none 3; vm-post-resume none 3", host.Service.VmResume("test", vm, image, default));
        await ExpectAsync(host, vm, "", host.Service.VmUnpause("test", vm, default));
        await ExpectAsync(host, vm, "vm-pre-shutdown hard-reboot 3; vm-post-destroy hard-reboot; vm-pre-reboot none; vm-pre-start none", host.Service.VmReboot("test", vm, null, default));
        await ExpectAsync(host, vm, "vm-pre-shutdown clean-shutdown 4; vm-post-destroy clean-shutdown", host.Service.VmShutdown("test", vm, 60, default));
        await ExpectAsync(host, vm, "vm-pre-start none", host.Service.VmStart("test", vm, false, default));
        await ExpectAsync(host, vm, "vm-pre-shutdown hard-shutdown 5; vm-post-destroy hard-shutdown", host.Service.VmShutdown("test", vm, null, default));
    }

    /// <summary>The VM has its own id in what they are told, though its domain has another.</summary>
    [Fact]
    public async Task BothSidesOfAMigrationRunTheirs()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync(memoryMib: 16);
        WriteAll(source, "exit 0");
        WriteAll(destination, "exit 0");
        await ExpectAsync(source, vm, "vm-pre-migrate source 1; vm-pre-shutdown suspend 1; vm-post-destroy suspend", source.MigrateAsync(vm, destination));
        Assert.Equal($"vm-post-migrate -vmuuid {vm} -reason destination -vmdomid 1\n", await File.ReadAllTextAsync(Told(destination)));
    }

    [Fact]
    public async Task TheyRunInTheOrderOfTheirNamesAndOneIsOnlyAWarning()
    {
        await using var host = await TestHost.StartAsync();
        string vm = Guid.NewGuid().ToString();
        await host.Service.VmAdd("test", TestHost.MakeVm(vm, 16), default);
        foreach (var (name, code) in ((string, int)[])[("20-b", 0), ("10-a", 1), ("Z", 0), ("5", 0)])
        {
            Write(host, "vm-pre-start", name, $"echo {name} >> {Told(host)}; exit {code}");
        }

        await host.EndAsync(await host.Service.VmStart("test", vm, false, default));
        Assert.Equal(["10-a", "20-b", "5", "Z"], await File.ReadAllLinesAsync(Told(host)));
    }

    /// <summary>What it wrote is told as far as there is room for it.</summary>
    [Fact]
    public async Task OneThatFailsStopsTheOperation()
    {
        await using var host = await TestHost.StartAsync();
        string vm = Guid.NewGuid().ToString();
        await host.Service.VmAdd("test", TestHost.MakeVm(vm, 16), default);
        string script = Write(host, "vm-pre-start", "10", "head -c 1000000 /dev/zero | tr '\\0' x; exit 7");
        Write(host, "vm-pre-start", "20", $"echo never >> {Told(host)}");
        var failed = Assert.IsType<XenopsErrorValue.Hook_failed>(await host.FailureAsync(await host.Service.VmStart("test", vm, false, default)));
        Assert.Equal((script, "none", "7"), (failed.script, failed.reason, failed.exit_code));
        Assert.Equal(new string('x', 64 * 1024), failed.stdout);
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(vm));
        Assert.False(File.Exists(Told(host)));

        HostScript.Write(script, "exit 0");
        await host.EndAsync(await host.Service.VmStart("test", vm, false, default));
    }

    private static async Task ExpectAsync(TestHost host, string vm, string expected, Task<string> task)
    {
        await host.EndAsync(await task);
        string[] told = File.Exists(Told(host)) ? await File.ReadAllLinesAsync(Told(host)) : [];
        File.Delete(Told(host));
        Assert.Equal(
            expected.Split("; ", StringSplitOptions.RemoveEmptyEntries).Select(static e => e.Split(' '))
                .Select(e => $"{e[0]} -vmuuid {vm} -reason {e[1]}{(e.Length > 2 ? $" -vmdomid {e[2]}" : "")}"),
            told);
    }

    private static string Told(TestHost host) => Path.Combine(host.Hooks, "told");

    private static void WriteAll(TestHost host, string then)
    {
        foreach (string name in Names)
        {
            Write(host, name, "script", $"echo {name} \"$@\" >> {Told(host)}; {then}");
        }
    }

    private static string Write(TestHost host, string name, string file, string body)
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(host.Hooks, name)).FullName, file);
        HostScript.Write(path, body);
        return path;
    }
}

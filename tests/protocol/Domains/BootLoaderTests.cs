using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Tests.Hosting;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Domains.LifeCycle;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>Boot loaders of PV guests: what they are called with, what is believed of what they say, and that they cannot stay.</summary>
public sealed class BootLoaderTests : IDisposable
{
    private const string Vm = "12345678-1234-1234-1234-123456789abc";
    private readonly string directory = Directory.CreateTempSubdirectory("boot-loader-").FullName;

    public BootLoaderTests() => Directory.CreateDirectory(Files);

    private string Files => Path.Combine(directory, "files");

    private string Program => Path.Combine(directory, "pygrub");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task TheKernelIsTheGuestsAndGoesWithTheBuild()
    {
        Script($"echo \"$@\" > {directory}/called; echo k > {Files}/k; echo r > {Files}/r; echo kernel {Files}/k; echo ramdisk {Files}/r; echo args root=/dev/xvda1 ro; echo; echo kernel /etc/passwd");
        IndirectBoot boot = new() { bootloader = "/usr/bin/pygrub", bootloader_args = "--kernel=/vmlinuz  -i", legacy_args = "legacy", extra_args = "console=hvc0" };
        using (var loaded = await Loader(users: 1000).RunAsync(Vm, 7, boot, "/dev/disk", default))
        {
            Assert.Equal(($"{Files}/k", $"{Files}/r", "root=/dev/xvda1 ro legacy console=hvc0"), (loaded.Kernel, loaded.Ramdisk, loaded.CommandLine));
            Assert.True(File.Exists(loaded.Kernel));
        }

        Assert.Empty(Directory.EnumerateFiles(Files));
        Assert.Equal("--output-format=simple -q --runas=1007 --kernel=/vmlinuz -i /dev/disk", (await File.ReadAllTextAsync(Path.Combine(directory, "called"))).Trim());
    }

    [Theory]
    [InlineData("echo 'Traceback' >&2; echo 'RuntimeError: Unable to find partition containing kernel' >&2; exit 1", "Unable to find partition containing kernel")]
    [InlineData("exit 3", "exit code 3")]
    [InlineData("echo ramdisk", "none of its files")]
    [InlineData("echo", "no kernel")]
    [InlineData("echo kernel /etc/passwd", "\"/etc/passwd\"")]
    [InlineData("echo kernel FILES/../secret", "secret")]
    [InlineData("echo kernel FILES/missing", "missing")]
    [InlineData("ln -s /etc/passwd FILES/link; echo kernel FILES/link", "link")]
    [InlineData("mkdir FILES/below; echo k > FILES/below/k; echo kernel FILES/below/k", "below")]
    [InlineData("exec yes", "not done within")]
    [InlineData("exec sleep 1000", "not done within")]
    public async Task WhatItSaysIsNotBelieved(string script, string complaint)
    {
        await File.WriteAllTextAsync(Path.Combine(directory, "secret"), "");
        Script(script.Replace("FILES", Files, StringComparison.Ordinal));
        bool endless = script.StartsWith("exec", StringComparison.Ordinal);
        var loader = Loader(timeout: TimeSpan.FromSeconds(endless ? 1 : 60));
        var error = await Assert.ThrowsAsync<XenopsError>(() => loader.RunAsync(Vm, 7, new IndirectBoot { bootloader = "pygrub" }, "/dev/disk", default));
        var failed = Assert.IsType<XenopsErrorValue.Bootloader_error>(error.Value);
        Assert.Equal(Vm, failed.vm);
        Assert.Contains(complaint, failed.message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(directory, "secret")));
    }

    /// <summary>From its first instruction on.</summary>
    [Fact]
    public async Task ItRunsWithinBounds()
    {
        Script($"[ $(ulimit -t) = 60 ] && [ $(ulimit -v) = 2097152 ] && [ $(ulimit -f) != unlimited ] || exit 9; echo k > {Files}/k; echo kernel {Files}/k");
        using var loaded = await Loader().RunAsync(Vm, 7, new IndirectBoot { bootloader = "pygrub" }, "/dev/disk", default);
        Assert.Equal("", loaded.CommandLine);
        Assert.Null(loaded.Ramdisk);
    }

    [Fact]
    public async Task ABuildIsCancelledInIt()
    {
        Script("exec sleep 1000");
        using var cancel = new CancellationTokenSource();
        var running = Loader().RunAsync(Vm, 7, new IndirectBoot { bootloader = "pygrub" }, "/dev/disk", cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>From the VM's record to the running guest, and the errors of a VM that cannot be booted so.</summary>
    [Fact]
    public async Task AVmBootsFromItsDisk()
    {
        Script($"[ \"$3\" = {directory}/disk ] || exit 9; echo k > {Files}/k; echo kernel {Files}/k; echo args quiet");
        await File.WriteAllTextAsync(Path.Combine(directory, "disk"), "");
        await using var host = await DomainHost.StartAsync(options: Options());
        Assert.IsType<XenopsErrorValue.Bootloader_error>(await FailureAsync(host, new IndirectBoot { bootloader = "lilo", devices = [new Disk.Local(directory + "/disk")] }));
        Assert.IsType<XenopsErrorValue.No_bootable_device>(await FailureAsync(host, new IndirectBoot { bootloader = "pygrub" }));
        Assert.IsType<XenopsErrorValue.Storage_backend_error>(await FailureAsync(host, new IndirectBoot { bootloader = "pygrub", devices = [new Disk.VDI("sr/vdi")] }));
        string vm = await host.RunAsync(Config(new IndirectBoot { bootloader = "pygrub", devices = [new Disk.Local(directory + "/disk")] }));
        Assert.True(await host.CounterAsync(vm) > 0);
        Assert.Empty(Directory.EnumerateFiles(Files));
    }

    private static async Task<XenopsErrorValue> FailureAsync(DomainHost host, IndirectBoot boot)
    {
        var config = Config(boot);
        await host.Backend.CreateAsync(config, default);
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.Backend.BuildAsync(config.VmId, default));
        await host.Backend.DestroyAsync(config.VmId, default);
        return error.Value;
    }

    private static DomainConfig Config(IndirectBoot boot)
    {
        var config = DomainHost.Config(DomainHost.NewId(), 16);
        var vm = config.Description!.Vm with { ty = new BuilderInfo.PV(new PvInfo { boot = new PvBoot.Indirect(boot) }) };
        return config with { Description = config.Description with { Vm = vm } };
    }

    private BootLoader Loader(int users = 0, TimeSpan? timeout = null) => new(Options() with { BootLoaderUserBase = users, BootLoaderTimeout = timeout ?? TimeSpan.FromSeconds(60) }, NullLogger.Instance);

    private DomainOptions Options() => new()
    {
        KeepFreeKib = 0,
        RunHotplugScripts = false,
        BackEndOpensFiles = true,
        BootLoaders = new Dictionary<string, string> { ["pygrub"] = Program },
        BootFileDirectories = [Files],
        AttachedDisksPath = Path.Combine(directory, "attached"),
    };

    private void Script(string body) => HostScript.Write(Program, body);
}

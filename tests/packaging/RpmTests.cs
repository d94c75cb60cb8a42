using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.Packaging;

/// <summary>What an administrator meets who installs, upgrades and removes the packages.</summary>
public sealed class RpmTests : IClassFixture<RpmFixture>, IDisposable
{
    private const int Folder = 0x4000;
    private const int Link = 0xa000;

    private static readonly string[] Names = ["message-switch", "xapi-core", "xapi-tools", "xe", "xen-simulator", "xenopsd"];
    private static readonly string[] Programs = ["/usr/bin", "/usr/sbin"];
    private static readonly string[] Daemons = ["message-switch", "xapi", "xen-simulator", "xenopsd"];

    private readonly RpmFixture rpms;
    private readonly CancellationTokenSource deadline = new(RpmFixture.Deadline);
    private readonly Tool tool;
    private readonly InstalledRoot root;

    public RpmTests(RpmFixture rpms)
    {
        this.rpms = rpms;
        tool = new Tool(deadline.Token);
        root = new InstalledRoot(tool);
    }

    public void Dispose()
    {
        root.Dispose();
        deadline.Dispose();
    }

    [Fact]
    public void TheSourceGivesThesePackages() => Assert.Equal(Names, rpms.First.Keys.Order());

    /// <summary>Whoever builds them gets the same code, constants and data, section by section.</summary>
    [Fact]
    public async Task TheArchivesAloneGiveTheExecutablesOfThisTree()
    {
        RequireRoot();
        RequireSource();
        await root.InstallAsync(rpms.First.Values);
        var here = Directory.GetFiles(Tool.Binaries).ToDictionary(static file => Path.GetFileName(file), ElfFile.Read);
        var there = Executables();
        Assert.Equal(here.Keys.Order(), there.Keys.Order());
        Assert.All(there, pair => Assert.Equal(here[pair.Key]!.Loaded, pair.Value.Loaded));
    }

    [Fact]
    public async Task TheSymbolsAreThoseOfTheExecutables()
    {
        RequireRoot();
        RequireSource();
        Assert.SkipUnless(rpms.Symbols.Count > 0 || File.Exists("/usr/bin/eu-strip"), "symbols are taken out by eu-strip");
        await root.InstallAsync([.. rpms.First.Values, .. rpms.Symbols]);
        foreach (var (name, executable) in Executables())
        {
            var id = executable.BuildId;
            Assert.True(id.Length >= 40, $"{name}: build id {id}");
            Assert.False(executable.Has(".debug_info"), name);
            var symbols = ElfFile.Read(root.File($"/usr/lib/debug/.build-id/{id[..2]}/{id[2..]}.debug"));
            Assert.NotNull(symbols);
            Assert.Equal(id, symbols.BuildId);
            Assert.True(symbols.Has(".symtab") && symbols.Has(".debug_info"), name);
        }
    }

    [Fact]
    public async Task EveryFileIsRootsAndHasTheModeOfItsKind()
    {
        var listing = await tool.RunAsync(
            "rpm", ["-qp", "--queryformat", "[%{FILENAMES} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEMODES:octal}\n]", .. rpms.First.Values]);
        var files = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToList();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal("root:root", file[1]));
        Assert.All(files, file => Assert.Equal((file[0], ModeOf(file[0], file[2])), (file[0], file[2])));
    }

    [Fact]
    public async Task TheConfigurationFilesAreMarkedAsSuch()
    {
        var marked = await tool.RunAsync("rpm", ["-qpc", .. rpms.First.Values]);
        Assert.Equal(Daemons.Select(name => $"/etc/{name}.conf").Append("/etc/pam.d/xapi").Order(), marked.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public async Task WhatIsInstalledIsWhatWasPackagedAndRuns()
    {
        RequireRoot();
        await root.InstallAsync(rpms.First.Values);
        Assert.Equal("", (await root.VerifyAsync(Names)).Trim());
        foreach (var daemon in Daemons)
        {
            Assert.StartsWith(daemon, await tool.RunAsync(root.File($"/usr/sbin/{daemon}"), "--version"), StringComparison.Ordinal);
            var file = root.File($"/etc/{daemon}.conf");
            await tool.RunAsync(root.File($"/usr/sbin/{daemon}"), "--config", file, "--print-config");
        }
    }

    [Fact]
    public async Task TheDaemonsStartFromThereAndRunAVm()
    {
        RequireRoot();
        await root.InstallAsync(rpms.First.Values);
        await using var pool = await DevelopmentPool.StartAsync(
            new PoolOptions { Hosts = 1, AddressPrefix = "127.0.3.", Binaries = root.File("/usr/sbin") }, deadline.Token);
        Assert.Equal(root.File("/usr/sbin/xapi"), new FileInfo($"/proc/{pool.Coordinator.Xapi.Pid}/exe").LinkTarget);
        using var client = await pool.LoginAsync(deadline.Token);
        var vm = await TestVm.CreateAsync(client, "packaged", 16, 0, deadline.Token);
        await client.CallAsync("VM.start", deadline.Token, vm, false, false);
        Assert.Equal("Running", await client.TextAsync("VM.get_power_state", deadline.Token, vm));
        Assert.Equal("packaged", (await tool.RunAsync(root.File("/usr/bin/xe"), "-s", pool.Coordinator.XapiSocket, "vm-list", "power-state=running", "is-control-domain=false", "params=name-label", "--minimal")).Trim());
        await client.CallAsync("VM.hard_shutdown", deadline.Token, vm);
        Assert.True(await pool.StopAsync());
    }

    [Fact]
    public async Task EveryPackageNamesItsLicenceAndWhatItNeeds()
    {
        foreach (var (name, package) in rpms.First)
        {
            Assert.Equal("Apache-2.0 AND MIT", (await tool.RunAsync("rpm", "-qp", "--queryformat", "%{LICENSE}", package)).Trim());
            var needs = (await tool.RunAsync("rpm", "-qp", "--requires", package)).Split('\n');
            Assert.Equal(name is "xenopsd" or "xapi-core", needs.Any(static need => need.StartsWith("message-switch(", StringComparison.Ordinal)));
            Assert.Equal(name == "xapi-core", needs.Contains("libsqlite3.so.0()(64bit)"));
        }
    }

    /// <summary>Signatures, the packager's name and groups are a build farm's; pages are compressed by rpm systems, which this rule waits for.</summary>
    [Fact]
    public async Task TheLinterFindsNoError()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/rpmlint"), "needs rpmlint");
        var (_, output, _) = await tool.TryAsync("rpmlint", [.. rpms.First.Values]);
        string[] others = ["no-signature", "no-packager-tag", "no-group-tag", "bad-manual-page-folder"];
        Assert.Contains("packages and", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output.Split('\n'), line => line.Contains(": E: ", StringComparison.Ordinal) && !others.Any(line.Contains));
    }

    [Fact]
    public async Task TheUnitsAreWhatSystemdUnderstands()
    {
        RequireRoot();
        await root.InstallAsync(rpms.First.Values);
        var units = Directory.EnumerateFiles(root.File("/usr/lib/systemd/system")).ToArray();
        // Complaints about units of other packages, which are not in this root, are not ours.
        var (_, output, error) = await tool.TryAsync(
            "systemd-analyze", ["verify", "--root", root.Path, "--man=no", "--recursive-errors=no", .. units.Select(Path.GetFileName).OfType<string>()]);
        Assert.Equal("", output + error);
    }

    [Fact]
    public async Task AnUpgradeKeepsConfigurationAndDatabase()
    {
        RequireRoot();
        await root.InstallAsync(rpms.First.Values);
        var state = Directory.CreateDirectory(root.File("/var/lib/xcp")).FullName;
        await File.WriteAllTextAsync(Path.Combine(state, "xapi.db"), "the pool", deadline.Token);
        await File.WriteAllTextAsync(root.File("/etc/xapi.conf"), "http-port = 8080\n", deadline.Token);
        await root.UpgradeAsync(rpms.Second.Values);
        Assert.Equal("http-port = 8080\n", await File.ReadAllTextAsync(root.File("/etc/xapi.conf"), deadline.Token));
        Assert.Equal("the pool", await File.ReadAllTextAsync(Path.Combine(state, "xapi.db"), deadline.Token));
        Assert.True(File.Exists(root.File("/usr/sbin/xapi")));
    }

    [Fact]
    public async Task ARemovalLeavesOnlyWhatTheAdministratorAndTheDaemonsWrote()
    {
        RequireRoot();
        await root.InstallAsync(rpms.First.Values);
        Directory.CreateDirectory(root.File("/var/lib/xcp"));
        await File.WriteAllTextAsync(root.File("/var/lib/xcp/xapi.db"), "the pool", deadline.Token);
        await File.WriteAllTextAsync(root.File("/etc/xapi.conf"), "http-port = 8080\n", deadline.Token);
        await root.EraseAsync(Names);
        Assert.Equal(["/etc/xapi.conf.rpmsave", "/var/lib/xcp/xapi.db"], root.Files());
    }

    private static void RequireRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "rpm --root changes its root: only root may");

    private void RequireSource() => Assert.SkipUnless(rpms.FromSource, "other executables than those of this tree are tested");

    /// <summary>What is installed and no script, by name.</summary>
    private Dictionary<string, ElfFile> Executables()
    {
        var found = new Dictionary<string, ElfFile>(StringComparer.Ordinal);
        foreach (var file in Programs.SelectMany(place => Directory.GetFiles(root.File(place))))
        {
            if (ElfFile.Read(file) is { } executable)
            {
                found.Add(Path.GetFileName(file), executable);
            }
        }

        return found;
    }

    private static string ModeOf(string path, string mode)
    {
        var kind = Convert.ToInt32(mode, 8) & 0xf000;
        var runs = path.StartsWith("/usr/sbin/", StringComparison.Ordinal) || path.StartsWith("/usr/bin/", StringComparison.Ordinal)
            || path.StartsWith("/usr/libexec/", StringComparison.Ordinal);
        return kind == Link ? "120777" : kind == Folder ? "40755" : runs ? "100755" : "100644";
    }
}

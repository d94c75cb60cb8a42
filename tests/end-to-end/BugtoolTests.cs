using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A report of a running host has what is asked for first, and no secret.</summary>
public sealed class BugtoolTests(StorageFixture fixture) : DeadlineTests, IClassFixture<StorageFixture>
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("toolstack-bugtool-");

    [Fact]
    public async Task AReportHoldsNoPasswordSessionSecretOrKey()
    {
        var host = fixture.Pool.Coordinator;
        var secrets = new List<string>
        {
            fixture.Pool.Password, fixture.Client.Session, (await File.ReadAllTextAsync(Path.Combine(host.Directory, "ptoken"), Cancel)).Trim(),
            (await File.ReadAllTextAsync(Path.Combine(host.Directory, "passwords"), Cancel)).Trim().Split(':')[^1],
        };
        var value = Hidden("value");
        await fixture.Client.CallAsync("secret.create", Cancel, new Dictionary<string, object> { ["value"] = value, ["other_config"] = new Dictionary<string, string>() });
        var vm = await TestVm.CreateAsync(fixture.Client, "told", 16, 0, Cancel);
        await fixture.Client.CallAsync("VM.add_to_xenstore_data", Cancel, vm, "vm-data/userdata", Hidden("userdata"));
        await fixture.Client.CallAsync("VM.add_to_other_config", Cancel, vm, "admin_password", Hidden("other-config"));
        await using (new RunningVm(fixture, vm))
        {
            // A name that repeats a secret elsewhere. A space is "%." in the dump.
            await fixture.Client.CallAsync("VM.set_name_description", Cancel, vm, "the password is " + value);
            var files = await CollectAsync(host.Directory);
            string[] expected =
            [
                "system/report", "system/meminfo", "xapi/xapi.conf", "xapi/effective.conf", "xapi/metrics", "xapi/state.db", "xenopsd/metrics",
                "message-switch/metrics", "switch/queues", "logs/audit.log", "problems",
            ];
            Assert.Empty(expected.Except(files.Keys));
            Assert.Contains("the%.password%.is%.(left out)", files["xapi/state.db"], StringComparison.Ordinal);
            Assert.Contains("org.xen.xapi.xenops.classic", files["switch/queues"], StringComparison.Ordinal);
            Assert.Contains("VM.set_name_description", files["logs/audit.log"], StringComparison.Ordinal);
            Assert.Contains("xapi_calls_total", files["xapi/metrics"], StringComparison.Ordinal);
            foreach (var (name, text) in files)
            {
                Assert.All(secrets, secret => Assert.False(text.Contains(secret, StringComparison.Ordinal), $"{name} holds {secret}"));
                Assert.DoesNotContain("PRIVATE KEY", text, StringComparison.Ordinal);
            }
        }

        string Hidden(string what)
        {
            secrets.Add($"hidden-{what}-{Guid.NewGuid():N}");
            return secrets[^1];
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        directory.Delete(recursive: true);
    }

    private async Task<Dictionary<string, string>> CollectAsync(string configuration)
    {
        var archive = Path.Combine(directory.FullName, "report.tar.gz");
        var info = new ProcessStartInfo(Path.Combine(Repository.Binaries, "xapi"), ["--bugtool", "--output", archive, "--config", configuration])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var tool = Process.Start(info)!;
        var output = await tool.StandardOutput.ReadToEndAsync(Cancel);
        var errors = await tool.StandardError.ReadToEndAsync(Cancel);
        await tool.WaitForExitAsync(Cancel);
        Assert.Equal((0, archive + "\n", ""), (tool.ExitCode, output, errors));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(archive));
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var reader = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
        while (await reader.GetNextEntryAsync(cancellationToken: Cancel) is { } entry)
        {
            using var text = new StreamReader(entry.DataStream ?? Stream.Null);
            files.Add(entry.Name["bugtool/".Length..], await text.ReadToEndAsync(Cancel));
        }

        return files;
    }
}

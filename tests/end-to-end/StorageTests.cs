using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>SRs of type file, and the VDIs in them, as a client sees them and as files.</summary>
public sealed class StorageTests(StorageFixture fixture) : DeadlineTests, IClassFixture<StorageFixture>
{
    private const long Mib = 1024 * 1024;

    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task ASharedRepositoryIsAttachedToEveryHost()
    {
        var record = await Client.MapAsync("SR.get_record", Cancel, fixture.Repository);
        var ways = (object[])record["PBDs"];
        Assert.Equal(2, ways.Length);
        foreach (var way in ways)
        {
            Assert.True((bool)await Client.CallAsync("PBD.get_currently_attached", Cancel, way));
        }

        Assert.Equal("file", record["type"]);
        Assert.True(long.Parse((string)record["physical_size"], null) > 0);
        Assert.Contains("vdi_create", (object[])record["allowed_operations"]);
        Assert.DoesNotContain("destroy", (object[])record["allowed_operations"]);
    }

    [Fact]
    public async Task AVdiIsASparseFileOfItsSize()
    {
        var vdi = await fixture.CreateDiskAsync(64 * Mib + 1, Cancel);
        var record = await Client.MapAsync("VDI.get_record", Cancel, vdi);
        var path = await fixture.PathAsync(vdi, Cancel);
        Assert.Equal(new FileInfo(path).Length.ToString(null, null), record["virtual_size"]);
        Assert.InRange(long.Parse((string)record["virtual_size"], null), 64 * Mib + 1, 65 * Mib);
        Assert.Equal("0", record["physical_utilisation"]);

        await Client.CallAsync("VDI.resize", Cancel, vdi, (128 * Mib).ToString(null, null));
        Assert.Equal(128 * Mib, new FileInfo(path).Length);
        await Client.CallAsync("VDI.destroy", Cancel, vdi);
        Assert.False(File.Exists(path));
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VDI.get_uuid", Cancel, vdi));
        Assert.Equal("HANDLE_INVALID", error.Code);
    }

    [Fact]
    public async Task CopiesHaveTheContentAndKeepTheHoles()
    {
        var vdi = await fixture.CreateDiskAsync(256 * Mib, Cancel);
        var content = new byte[64 * 1024];
        Random.Shared.NextBytes(content);
        using (var file = File.OpenHandle(await fixture.PathAsync(vdi, Cancel), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, content, 100 * Mib);
        }

        var snapshot = await Client.TextAsync("VDI.snapshot", Cancel, vdi, new Dictionary<string, string>());
        Assert.True((bool)await Client.CallAsync("VDI.get_is_a_snapshot", Cancel, snapshot));
        Assert.Equal(vdi, await Client.TextAsync("VDI.get_snapshot_of", Cancel, snapshot));
        Assert.Contains(snapshot, (object[])await Client.CallAsync("VDI.get_snapshots", Cancel, vdi));
        var clone = await Client.TextAsync("VDI.clone", Cancel, snapshot, new Dictionary<string, string>());
        var read = new byte[content.Length];
        using (var file = File.OpenHandle(await fixture.PathAsync(clone, Cancel)))
        {
            RandomAccess.Read(file, read, 100 * Mib);
        }

        Assert.Equal(content, read);
        Assert.InRange(long.Parse(await Client.TextAsync("VDI.get_physical_utilisation", Cancel, clone), null), 1, 16 * Mib);
        foreach (var one in new[] { clone, snapshot, vdi })
        {
            await Client.CallAsync("VDI.destroy", Cancel, one);
        }
    }

    [Fact]
    public async Task AScanFindsWhatAppearedAndForgetsWhatIsGone()
    {
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        var path = await fixture.PathAsync(vdi, Cancel);
        var added = Guid.NewGuid().ToString();
        File.Move(path, Path.Combine(Path.GetDirectoryName(path)!, added + ".raw"));
        await Client.CallAsync("SR.scan", Cancel, fixture.Repository);
        await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VDI.get_uuid", Cancel, vdi));
        var found = await Client.TextAsync("VDI.get_by_uuid", Cancel, added);
        Assert.Equal(Mib.ToString(null, null), await Client.TextAsync("VDI.get_virtual_size", Cancel, found));
        await Client.CallAsync("VDI.destroy", Cancel, found);
    }

    [Fact]
    public async Task ALocalRepositoryLivesAndDies()
    {
        var sr = await fixture.CreateRepositoryAsync("local", shared: false, Cancel, host: 2);
        var way = (string)Assert.Single((object[])await Client.CallAsync("SR.get_PBDs", Cancel, sr));
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel, sr);
        Assert.Equal("SR_HAS_PBD", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("SR.destroy", Cancel, sr))).Code);
        await Client.CallAsync("PBD.unplug", Cancel, way);
        Assert.Equal("SR_NOT_EMPTY", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("SR.destroy", Cancel, sr))).Code);
        Assert.Equal("SR_NO_PBDS", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VDI.destroy", Cancel, vdi))).Code);
        await Client.CallAsync("PBD.plug", Cancel, way);
        await Client.CallAsync("VDI.destroy", Cancel, vdi);
        await Client.CallAsync("PBD.unplug", Cancel, way);
        var uuid = await Client.TextAsync("SR.get_uuid", Cancel, sr);
        var probed = await Client.TextAsync("SR.probe", Cancel, await fixture.HostRefAsync(2, Cancel), fixture.Config, "file", new Dictionary<string, string>());
        Assert.Contains(uuid, probed, StringComparison.Ordinal);
        await Client.CallAsync("SR.destroy", Cancel, sr);
        Assert.False(Directory.Exists(Path.Combine(fixture.Location, uuid)));
    }

    [Fact]
    public async Task WhatCannotBeMadeIsRefusedByName()
    {
        var host = await fixture.HostRefAsync(1, Cancel);
        var none = new Dictionary<string, string>();
        Assert.Equal(["SR_UNKNOWN_DRIVER", "nfs"], (await Assert.ThrowsAsync<XenApiFailure>(() =>
            Client.CallAsync("SR.create", Cancel, host, fixture.Config, "0", "x", "", "nfs", "user", false, none))).Description);
        Assert.Equal("SR_BACKEND_FAILURE_88", (await Assert.ThrowsAsync<XenApiFailure>(() =>
            Client.CallAsync("SR.create", Cancel, host, none, "0", "x", "", "file", "user", false, none))).Code);
        Assert.Equal("SR_BACKEND_FAILURE_47", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync(
            "SR.create", Cancel, host, new Dictionary<string, string> { ["location"] = "/nonexistent" }, "0", "x", "", "file", "user", false, none))).Code);
        Assert.Equal("SR_BACKEND_FAILURE_79", (await Assert.ThrowsAsync<XenApiFailure>(() => fixture.CreateDiskAsync(0, Cancel))).Code);
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Devices;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>Simulated drivers on both sides of a device, with a toolstack made of the test itself.</summary>
public sealed class DeviceTests
{
    private const int Domid = 5;
    private const int DiskBytes = 64 * 1024;

    [Fact]
    public async Task ADiskConnectsIsWrittenAndIsReadBack()
    {
        await using var rig = await Rig.StartAsync();
        var file = rig.Disk("disk");
        await rig.AddDiskAsync(51712, file, "w");
        await rig.StateAsync("vbd", 51712, "4", "4");
        Assert.Equal("128", await rig.ReadAsync("vbd", 51712, "sectors"));
        await rig.PrintedAsync("disk 51712: 128 sectors, writable, record 0");
        await rig.UntilAsync(() => DiskProgram.Counter(File.ReadAllBytes(file)) >= 2);

        // The toolstack unplugs it: closing, until both ends are closed.
        await rig.CloseAsync("vbd", 51712);
        await rig.StateAsync("vbd", 51712, "6", "6");
        await rig.RemoveAsync("vbd", 51712);
        var counter = DiskProgram.Counter(File.ReadAllBytes(file));
        await rig.AddDiskAsync(51712, file, "w");
        await rig.StateAsync("vbd", 51712, "4", "4");
        await rig.PrintedAsync($"disk 51712: 128 sectors, writable, record {counter}");
    }

    [Fact]
    public async Task ANetworkInterfaceWaitsForTheScript()
    {
        await using var rig = await Rig.StartAsync();
        await rig.AddAsync("vif", 0, []);
        await rig.StateAsync("vif", 0, "2", "4");
        await rig.Dom0.WriteAsync(Rig.Back("vif", 0) + "/hotplug-status", "connected", StoreHost.Soon);
        await rig.StateAsync("vif", 0, "4", "4");
        Assert.NotNull(await rig.Dom0.ReadAsync(Rig.Front("vif", 0) + "/tx-ring-ref", StoreHost.Soon));
    }

    [Fact]
    public async Task ADriveTakesAnotherMediumAndNone()
    {
        await using var rig = await Rig.StartAsync();
        var first = rig.Disk("first");
        var second = rig.Disk("second");
        await File.WriteAllBytesAsync(second, new byte[2 * DiskBytes]);
        await rig.AddDiskAsync(51760, first, "r");
        await rig.StateAsync("vbd", 51760, "4", "4");
        await rig.PrintedAsync("disk 51760: 128 sectors, read-only, record 0");
        await rig.Dom0.WriteAsync(Rig.Back("vbd", 51760) + "/params", "", StoreHost.Soon);
        await rig.PrintedAsync("disk 51760: no medium");
        await rig.Dom0.WriteAsync(Rig.Back("vbd", 51760) + "/params", second, StoreHost.Soon);
        await rig.PrintedAsync("disk 51760: 256 sectors, read-only, record 0");
    }

    [Fact]
    public async Task ADiskThatIsNotThereIsAnErrorAndCloses()
    {
        await using var rig = await Rig.StartAsync();
        await rig.AddDiskAsync(51712, "/nonexistent/disk", "w");
        await rig.StateAsync("vbd", 51712, "6", "6");
        Assert.Equal(
            "2 creating vbd structure", await rig.Dom0.ReadAsync($"/local/domain/0/error/backend/vbd/{Domid}/51712/error", StoreHost.Soon));
    }

    [Fact]
    public async Task TakingTheGuestsEndAwayClosesTheHosts()
    {
        await using var rig = await Rig.StartAsync();
        await rig.AddDiskAsync(51712, rig.Disk("disk"), "w");
        await rig.StateAsync("vbd", 51712, "4", "4");
        await rig.Dom0.TransactionAsync(t =>
        {
            t.Write(Rig.Back("vbd", 51712) + "/online", "0");
            t.Remove(Rig.Front("vbd", 51712));
            return Task.CompletedTask;
        }, StoreHost.Soon);
        await rig.StateAsync("vbd", 51712, "6", null);
        await rig.RemoveAsync("vbd", 51712);
        await rig.UntilAsync(() => rig.Host.Server.Counts.Watches == 3);
    }

    [Fact]
    public async Task AGuestGivesADeviceUpByItself()
    {
        await using var rig = await Rig.StartAsync();
        await rig.AddDiskAsync(51712, rig.Disk("disk"), "w");
        await rig.StateAsync("vbd", 51712, "4", "4");
        await rig.Dom0.WriteAsync($"/local/domain/{Domid}/data/detach", "vbd/51712", StoreHost.Soon);
        await rig.StateAsync("vbd", 51712, "6", "6");
        Assert.True(await rig.Dom0.WaitUntilAsync(
            [Rig.Back("vbd", 51712)], async c => await rig.Dom0.ReadAsync(Rig.Back("vbd", 51712) + "/hotplug-status", c) is null, TimeSpan.FromSeconds(60), StoreHost.Soon));
    }

    [Fact]
    public async Task AGuestThatHangsOrRefusesKeepsItsDevice()
    {
        await using var rig = await Rig.StartAsync();
        rig.Faults.Hang(Domid, "vbd", 51712);
        await rig.AddDiskAsync(51712, rig.Disk("disk"), "w");
        await rig.StateAsync("vbd", 51712, "2", "1");
        await rig.AddDiskAsync(51728, rig.Disk("other"), "w");
        await rig.StateAsync("vbd", 51728, "4", "4");
        rig.Faults.Refuse(Domid, "vbd", 51728);
        await rig.CloseAsync("vbd", 51728);
        Assert.True(await rig.Dom0.WaitUntilAsync(
            [$"/local/domain/{Domid}/error"],
            async c => await rig.Dom0.ReadAsync($"/local/domain/{Domid}/error/device/vbd/51728/error", c) == "16 Device in use; refusing to close",
            TimeSpan.FromSeconds(60), StoreHost.Soon));
        Assert.Equal("4", await rig.Dom0.ReadAsync(Rig.Front("vbd", 51728) + "/state", StoreHost.Soon));
    }

    /// <summary>A host with its drivers and one guest with its.</summary>
    private sealed class Rig : IAsyncDisposable, IDeviceGuest
    {
        private readonly string directory = Directory.CreateTempSubdirectory("devices-").FullName;
        private readonly CancellationTokenSource stop = new();
        private readonly ConcurrentQueue<string> printed = [];
        private readonly GrantTables grants = new();
        private Task serving = Task.CompletedTask;

        public StoreHost Host { get; } = new();

        public DeviceFaults Faults { get; } = new();

        public XenstoreClient Dom0 { get; private set; } = null!;

        int IDeviceGuest.Domid => Domid;

        public static string Front(string kind, int id) => $"/local/domain/{Domid}/device/{kind}/{id}";

        public static string Back(string kind, int id) => $"/local/domain/0/backend/{kind}/{Domid}/{id}";

        public static async Task<Rig> StartAsync()
        {
            var rig = new Rig();
            var guest = await rig.Host.GuestAsync(Domid);
            rig.Dom0 = await rig.Host.ConnectAsync();
            foreach (var name in (string[])["device", "error"])
            {
                await rig.Dom0.MakeDirectoryAsync($"/local/domain/{Domid}/{name}", StoreHost.Soon);
                await rig.Dom0.SetPermissionsAsync($"/local/domain/{Domid}/{name}", new XenstorePermissions(Domid), StoreHost.Soon);
            }

            rig.serving = Task.WhenAll(
                new Backends(await rig.Host.ConnectAsync(), rig.grants, NullLogger.Instance).RunAsync(rig.stop.Token),
                new Frontends(guest, rig, rig.grants, rig.Faults, NullLogger.Instance).RunAsync(rig.stop.Token));
            return rig;
        }

        public string Disk(string name)
        {
            var path = Path.Combine(directory, name);
            File.WriteAllBytes(path, new byte[DiskBytes]);
            return path;
        }

        public Task AddDiskAsync(int id, string path, string mode) =>
            AddAsync("vbd", id, [("params", path), ("mode", mode), ("removable", "1"), ("hotplug-status", "connected")]);

        public Task AddAsync(string kind, int id, (string Name, string Value)[] keys) => Dom0.TransactionAsync(t =>
        {
            t.MakeDirectory(Front(kind, id), XenstorePermissions.ReadableBy(Domid, 0));
            t.Write(Front(kind, id) + "/backend", Back(kind, id));
            t.Write(Front(kind, id) + "/state", "1");
            t.MakeDirectory(Back(kind, id), XenstorePermissions.ReadableBy(0, Domid));
            foreach (var (name, value) in (IEnumerable<(string, string)>)[("frontend", Front(kind, id)), ("online", "1"), ("state", "1"), .. keys])
            {
                t.Write($"{Back(kind, id)}/{name}", value);
            }

            return Task.CompletedTask;
        }, StoreHost.Soon);

        public Task CloseAsync(string kind, int id) => Dom0.TransactionAsync(t =>
        {
            t.Write(Back(kind, id) + "/online", "0");
            t.Write(Back(kind, id) + "/state", "5");
            return Task.CompletedTask;
        }, StoreHost.Soon);

        public Task RemoveAsync(string kind, int id) => Dom0.TransactionAsync(t =>
        {
            t.Remove(Back(kind, id));
            t.Remove(Front(kind, id));
            return Task.CompletedTask;
        }, StoreHost.Soon);

        public Task<string?> ReadAsync(string kind, int id, string name) => Dom0.ReadAsync($"{Back(kind, id)}/{name}", StoreHost.Soon);

        /// <summary>Waits for the states of the host's and the guest's end.</summary>
        public async Task StateAsync(string kind, int id, string? back, string? front)
        {
            string?[] seen = [];
            var reached = await Dom0.WaitUntilAsync([Back(kind, id), Front(kind, id)], async cancel =>
            {
                seen = await Task.WhenAll(Dom0.ReadAsync(Back(kind, id) + "/state", cancel), Dom0.ReadAsync(Front(kind, id) + "/state", cancel));
                return seen[0] == back && seen[1] == front;
            }, TimeSpan.FromSeconds(45), StoreHost.Soon);
            Assert.True(reached, $"states {seen[0]} and {seen[1]}");
        }

        public Task PrintedAsync(string line) => UntilAsync(() => printed.Contains(line));

        public async Task UntilAsync(Func<bool> condition)
        {
            var soon = StoreHost.Soon;
            while (!condition())
            {
                Assert.False(soon.IsCancellationRequested, "printed: " + string.Join("; ", printed));
                await Task.Delay(10);
            }
        }

        public Task UntilRunningAsync(CancellationToken cancel) => Task.CompletedTask;

        public void Print(string line) => printed.Enqueue(line);

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await serving.ContinueWith(_ => { }, TaskScheduler.Default);
            await Host.DisposeAsync();
            Directory.Delete(directory, recursive: true);
        }
    }
}

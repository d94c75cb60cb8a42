using System.Globalization;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool with a shared SR in a directory that all hosts see; suspend images go there.</summary>
public class StorageFixture : PoolFixture
{
    private DirectoryInfo? location;

    public string Location => (location ??= MakeLocation()).FullName;

    /// <summary>The reference of the SR.</summary>
    public string Repository { get; private set; } = "";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        using var deadline = new CancellationTokenSource(TestDeadline);
        Repository = await CreateRepositoryAsync("disks", shared: true, deadline.Token);
        var pools = (object[])await Client.CallAsync("pool.get_all", deadline.Token);
        await Client.CallAsync("pool.set_suspend_image_SR", deadline.Token, pools[0], Repository);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        location?.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    protected virtual DirectoryInfo MakeLocation() => Directory.CreateTempSubdirectory("storage-");

    internal async Task<string> CreateRepositoryAsync(string name, bool shared, CancellationToken cancel, int host = 1) =>
        await Client.TextAsync("SR.create", cancel, await HostRefAsync(host, cancel), Config, "0", name, "", "file", "user", shared, new Dictionary<string, string>());

    internal Dictionary<string, string> Config => new() { ["location"] = Location };

    internal Task<string> CreateDiskAsync(long size, CancellationToken cancel, string? repository = null) =>
        Client.TextAsync("VDI.create", cancel, new Dictionary<string, object>
        {
            ["name_label"] = "disk",
            ["name_description"] = "",
            ["SR"] = repository ?? Repository,
            ["virtual_size"] = size.ToString(CultureInfo.InvariantCulture),
            ["type"] = "user",
            ["sharable"] = false,
            ["read_only"] = false,
            ["other_config"] = new Dictionary<string, string>(),
        });

    internal Task<string> AttachAsync(string vm, string vdi, string device, CancellationToken cancel, string type = "Disk") =>
        Client.TextAsync("VBD.create", cancel, new Dictionary<string, object>
        {
            ["VM"] = vm,
            ["VDI"] = vdi,
            ["userdevice"] = device,
            ["bootable"] = false,
            ["mode"] = type == "CD" ? "RO" : "RW",
            ["type"] = type,
            ["empty"] = vdi == NoRef,
            ["other_config"] = new Dictionary<string, string>(),
            ["qos_algorithm_type"] = "",
            ["qos_algorithm_params"] = new Dictionary<string, string>(),
        });

    /// <summary>An interface on a network of its own.</summary>
    internal async Task<string> AddInterfaceAsync(string vm, CancellationToken cancel) =>
        await Client.TextAsync("VIF.create", cancel, Interface(vm, await NetworkAsync(cancel)));

    internal Task<string> NetworkAsync(CancellationToken cancel) => Client.TextAsync("network.create", cancel, new Dictionary<string, object>
    {
        ["name_label"] = "wire",
        ["name_description"] = "",
        ["other_config"] = new Dictionary<string, string>(),
    });

    /// <summary>What VIF.create is given; without an address it makes one.</summary>
    internal static Dictionary<string, object> Interface(string vm, string network, string address = "", string device = "0") => new()
    {
        ["device"] = device,
        ["network"] = network,
        ["VM"] = vm,
        ["MAC"] = address,
        ["MTU"] = "1500",
        ["other_config"] = new Dictionary<string, string>(),
        ["qos_algorithm_type"] = "",
        ["qos_algorithm_params"] = new Dictionary<string, string>(),
        ["locking_mode"] = "network_default",
        ["ipv4_allowed"] = Array.Empty<string>(),
        ["ipv6_allowed"] = Array.Empty<string>(),
    };

    internal const string NoRef = "OpaqueRef:NULL";

    /// <summary>The image of a VDI.</summary>
    internal async Task<string> PathAsync(string vdi, CancellationToken cancel)
    {
        var repository = await Client.TextAsync("VDI.get_SR", cancel, vdi);
        return Path.Combine(Location, await Client.TextAsync("SR.get_uuid", cancel, repository), await Client.TextAsync("VDI.get_uuid", cancel, vdi) + ".raw");
    }
}

using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Storage and a network for guests: files of the first domain, and the bridge that the test machine makes.</summary>
internal sealed class Devices(XenApiClient client, string repository, string network)
{
    private const long DiskBytes = 8 << 20;

    /// <summary>The reference of the storage repository.</summary>
    public string Repository => repository;

    public static async Task<Devices> CreateAsync(XenApiClient client, CancellationToken cancel)
    {
        string pool = (string)((object[])await client.CallAsync("pool.get_all", cancel))[0];
        string host = await client.TextAsync("pool.get_master", cancel, pool);
        string repository = await client.TextAsync(
            "SR.create", cancel, host, new Dictionary<string, string> { ["location"] = "/var/lib/disks" }, "0", "disks", "", "file", "user", true,
            new Dictionary<string, string>());
        string network = await client.TextAsync("network.create", cancel, new Dictionary<string, object>
        {
            ["name_label"] = "guests",
            ["name_description"] = "",
            ["MTU"] = "1500",
            ["other_config"] = new Dictionary<string, string>(),
            ["bridge"] = "xenbr0",
            ["managed"] = false,
            ["tags"] = Array.Empty<string>(),
        });
        return new Devices(client, repository, network);
    }

    /// <summary>A new disk for a VM; gives the VBD.</summary>
    public async Task<string> AddDiskAsync(Guest guest, string device, CancellationToken cancel)
    {
        string disk = await client.TextAsync("VDI.create", cancel, new Dictionary<string, object>
        {
            ["name_label"] = "disk",
            ["name_description"] = "",
            ["SR"] = repository,
            ["virtual_size"] = DiskBytes.ToString(CultureInfo.InvariantCulture),
            ["type"] = "user",
            ["sharable"] = false,
            ["read_only"] = false,
            ["other_config"] = new Dictionary<string, string>(),
        });
        return await client.TextAsync("VBD.create", cancel, new Dictionary<string, object>
        {
            ["VM"] = guest.Ref,
            ["VDI"] = disk,
            ["userdevice"] = device,
            ["bootable"] = false,
            ["mode"] = "RW",
            ["type"] = "Disk",
            ["unpluggable"] = true,
            ["empty"] = false,
            ["other_config"] = new Dictionary<string, string>(),
            ["qos_algorithm_type"] = "",
            ["qos_algorithm_params"] = new Dictionary<string, string>(),
        });
    }

    /// <summary>A new interface of a VM on the bridge; gives the VIF.</summary>
    public Task<string> AddInterfaceAsync(Guest guest, string device, CancellationToken cancel) =>
        client.TextAsync("VIF.create", cancel, new Dictionary<string, object>
        {
            ["VM"] = guest.Ref,
            ["network"] = network,
            ["device"] = device,
            ["MAC"] = "",
            ["MTU"] = "1500",
            ["other_config"] = new Dictionary<string, string>(),
            ["qos_algorithm_type"] = "",
            ["qos_algorithm_params"] = new Dictionary<string, string>(),
        });
}

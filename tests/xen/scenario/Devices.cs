using System.Collections.Concurrent;
using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Storage and a network for guests: files in the directory that the machines share, and the bridge that each makes.</summary>
internal sealed class Devices(XenApiClient client, string repository, string network)
{
    private const long DiskBytes = 8 << 20;

    private readonly ConcurrentQueue<string> disks = [];

    /// <summary>The VDIs that were made.</summary>
    public IEnumerable<string> Disks => disks;

    public static async Task<Devices> CreateAsync(XenApiClient client, CancellationToken cancel)
    {
        string pool = (string)((object[])await client.CallAsync("pool.get_all", cancel))[0];
        string host = await client.TextAsync("pool.get_master", cancel, pool);
        string repository = await client.TextAsync(
            "SR.create", cancel, host, new Dictionary<string, string> { ["location"] = TestMachine.Disks }, "0", "disks", "", "file", "user", true,
            new Dictionary<string, string>());
        await client.CallAsync("pool.set_suspend_image_SR", cancel, pool, repository);
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
    public async Task<string> AddDiskAsync(Guest guest, string device, CancellationToken cancel) => await AttachAsync(
        guest, device, await client.TextAsync("VDI.create", cancel, new Dictionary<string, object>
        {
            ["name_label"] = "disk",
            ["name_description"] = "",
            ["SR"] = repository,
            ["virtual_size"] = DiskBytes.ToString(CultureInfo.InvariantCulture),
            ["type"] = "user",
            ["sharable"] = false,
            ["read_only"] = false,
            ["other_config"] = new Dictionary<string, string>(),
        }), cancel);

    /// <summary>A block device of the guest's machine as a disk: the SR's image is a link to it. Gives the VBD.</summary>
    public async Task<string> AddBlockDeviceAsync(Guest guest, string device, string path, CancellationToken cancel)
    {
        string image = Guid.NewGuid().ToString();
        string uuid = await client.TextAsync("SR.get_uuid", cancel, repository);
        await guest.Machine.RunAsync($"ln -s {path} {TestMachine.Disks}/{uuid}/{image}.raw", cancel);
        await client.CallAsync("SR.scan", cancel, repository);
        return await AttachAsync(guest, device, await client.TextAsync("VDI.get_by_uuid", cancel, image), cancel);
    }

    private async Task<string> AttachAsync(Guest guest, string device, string disk, CancellationToken cancel)
    {
        disks.Enqueue(disk);
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

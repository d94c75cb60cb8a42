using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>What devices a domain has, by xenstore alone, and their end with it.</summary>
internal sealed class DeviceRemoval(PciHost host, XenstoreClient store, DeviceLife life, ILogger logger)
{
    private static readonly string[] Kinds = [VbdKeys.Kind, VifKeys.Kind];

    /// <summary>The devices the toolstack made and did not remove.</summary>
    public async Task<IReadOnlyList<DeviceAddress>> ListAsync(DomainEntry entry, CancellationToken cancel)
    {
        var lists = await Task.WhenAll(Kinds.Select(kind => store.DirectoryAsync(StorePaths.Private(entry.Domid, $"device/{kind}"), cancel))).ConfigureAwait(false);
        List<DeviceAddress> devices = [];
        for (int i = 0; i < Kinds.Length; i++)
        {
            foreach (string name in lists[i])
            {
                if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                {
                    devices.Add(new DeviceAddress(entry.VmId, entry.Domid, 0, Kinds[i], Kinds[i], id));
                }
            }
        }

        return devices;
    }

    /// <summary>PCI devices the domain has; the host takes them back before it ends.</summary>
    public async Task ReturnPciAsync(DomainEntry entry, CancellationToken cancel)
    {
        string root = PciKeys.Root(entry.Domid);
        foreach (string name in await store.DirectoryAsync(root, cancel).ConfigureAwait(false))
        {
            if (!name.StartsWith(PciKeys.DevicePrefix, StringComparison.Ordinal)
                || PciKeys.Parse(await store.ReadAsync(root + "/" + name, cancel).ConfigureAwait(false)) is not { } address)
            {
                continue;
            }

            try
            {
                await host.ReturnAsync(entry.Domid, address, cancel).ConfigureAwait(false);
            }
            catch (HypervisorError error)
            {
                Log.DestroyStepFailed(logger, entry.Domid, $"deassign {address}", error.Message);
            }
        }
    }

    /// <summary>Every device of a domain that is gone; <paramref name="taken"/>: another domain has its domid by now.</summary>
    public async Task RemoveAllAsync(DomainEntry entry, IReadOnlyList<DeviceAddress> devices, bool taken, CancellationToken cancel)
    {
        await Task.WhenAll(devices.Select(device => RemoveOneAsync(entry, device, cancel))).ConfigureAwait(false);
        if (taken)
        {
            return;
        }

        var roots = await store.DirectoryAsync("/local/domain/0/backend", cancel).ConfigureAwait(false);
        await store.ApplyAsync([.. roots.Select(kind => DevicePaths.Backends(kind, entry.Domid))], [], cancel).ConfigureAwait(false);
    }

    private async Task RemoveOneAsync(DomainEntry entry, DeviceAddress device, CancellationToken cancel)
    {
        try
        {
            await life.RemoveAsync(entry, device, force: true, cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenopsError or XenstoreError)
        {
            Log.DestroyStepFailed(logger, entry.Domid, $"remove {device.BackendKind} {device.Id}", error.Message);
        }
    }
}

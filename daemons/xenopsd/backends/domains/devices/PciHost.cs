using Microsoft.Extensions.Logging;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>
/// The host's side of PCI devices: the kernel lets go of one (it belongs to the driver pciback while a domain has it), nobody can use
/// it on its way to a domain (quarantine), and it is reset before anybody else gets it (Linux: sysfs of PCI devices).
/// </summary>
internal sealed class PciHost(IHypervisor hypervisor, DomainOptions options, ILogger logger)
{
    private const string Driver = "pciback";

    /// <summary>What a device may take to come back from a reset.</summary>
    private static readonly TimeSpan AfterReset = TimeSpan.FromMilliseconds(100);

    /// <summary>Gives a device to a domain. XenopsError PCIBack_not_loaded, Internal_error when there is no such device; HypervisorError.</summary>
    public void Assign(int domid, PciAddress device)
    {
        if (options.PciPath is { } root)
        {
            Bind(root, device);
        }

        if (options.QuarantinesPci)
        {
            hypervisor.AssignDevice(IHypervisor.QuarantineDomid, device);
        }

        hypervisor.AssignDevice(domid, device);
    }

    /// <summary>Resets a device and takes it back.</summary>
    public async Task ReturnAsync(int domid, PciAddress device, CancellationToken cancel)
    {
        if (options.PciPath is { } root)
        {
            Reset(root, device);
            await Task.Delay(AfterReset, cancel).ConfigureAwait(false);
        }

        hypervisor.DeassignDevice(domid, device);
    }

    /// <summary>The host itself may use the device again. Nothing for one that is not quarantined.</summary>
    public void Release(PciAddress device)
    {
        try
        {
            hypervisor.DeassignDevice(IHypervisor.QuarantineDomid, device);
        }
        catch (HypervisorError error) when (error.Errno == LibC.ENODEV || error.Errno == LibC.EINVAL)
        {
            // It is not there.
        }
    }

    private static void Bind(string root, PciAddress device)
    {
        string directory = Path.Combine(root, "devices", device.ToString());
        string driver = Path.Combine(root, "drivers", Driver);
        if (!Directory.Exists(driver))
        {
            throw new XenopsError(new XenopsErrorValue.PCIBack_not_loaded());
        }

        if (!Directory.Exists(directory))
        {
            throw XenopsError.Internal($"there is no PCI device {device}");
        }

        try
        {
            string present = Path.Combine(directory, "driver");
            string? target = Directory.ResolveLinkTarget(present, returnFinalTarget: true)?.Name;
            if (target == Driver)
            {
                return;
            }

            if (target is not null)
            {
                File.WriteAllText(Path.Combine(present, "unbind"), device.ToString());
            }

            File.WriteAllText(Path.Combine(driver, "new_slot"), device.ToString());
            File.WriteAllText(Path.Combine(driver, "bind"), device.ToString());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw XenopsError.Internal($"PCI device {device} does not become {Driver}'s: {error.Message}", error);
        }
    }

    private void Reset(string root, PciAddress device)
    {
        try
        {
            File.WriteAllText(Path.Combine(root, "devices", device.ToString(), "reset"), "1");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not every device can be.
            Log.PciNotReset(logger, device.ToString(), error.Message);
        }
    }
}

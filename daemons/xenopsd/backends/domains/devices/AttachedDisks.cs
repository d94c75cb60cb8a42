using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>Where disks can be opened on this host. A disk of a storage repository is where its storage manager put it when it attached it:
/// <c>&lt;root&gt;/&lt;SR&gt;/&lt;VDI&gt;</c>; whoever calls sees to that it is attached.</summary>
internal sealed class AttachedDisks(string root)
{
    /// <summary>XenAPI's word for a disk that cannot be opened.</summary>
    private const string NotAvailable = "SR_BACKEND_FAILURE_46";

    /// <summary>XenopsError Storage_backend_error for a disk of a storage repository that is not attached.</summary>
    public string PathOf(Disk disk) => Find(disk)
        ?? throw new XenopsError(new XenopsErrorValue.Storage_backend_error(NotAvailable, ["", "The VDI is not available", $"{disk} is not attached below {root}"]));

    /// <summary>Null for a disk of a storage repository that is not attached.</summary>
    public string? Find(Disk disk) => disk switch
    {
        Disk.Local(var path) => path,
        Disk.VDI(var location) when location.Split('/') is [var repository, var image] && IsName(repository) && IsName(image)
            && Path.Combine(root, repository, image) is var attached && Path.Exists(attached) => attached,
        _ => null,
    };

    private static bool IsName(string text) => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}

using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>The number by which a guest and its back end name a disk, and the name Linux gives it (Xen's virtual block device
/// encoding).</summary>
public readonly record struct DiskNumber(DiskBus Bus, int Disk, int Partition)
{
    private const int XenMajor = 202;
    private const int ScsiMajor = 8;
    private const int FloppyMajor = 203;

    /// <summary>Disks beyond this do not fit the old encoding.</summary>
    private const int OldDisks = 16;
    private const int Extended = 1 << 28;
    private const int Letters = 26;
    private const int MaxLetters = 3;

    private static readonly int[] IdeMajors = [3, 22, 33, 34, 56, 57, 88, 89, 90, 91];

    /// <summary>Of a VBD: its position, or what its device's name says. XenopsError Internal_error when neither is one.</summary>
    public static DiskNumber Of(Vbd vbd)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        return vbd.position is var (bus, disk, partition)
            ? new DiskNumber(bus, checked((int)disk), checked((int)partition))
            : Parse(vbd.id.device) ?? throw XenopsError.Internal($"\"{vbd.id.device}\" names no disk");
    }

    /// <summary>Reads <c>xvda1</c>, <c>hdb</c>, <c>sdc</c>, <c>fda</c> or the bare number of a disk; null for anything else.</summary>
    public static DiskNumber? Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return new DiskNumber(DiskBus.Xen, number, 0);
        }

        (DiskBus bus, int prefix) = name switch
        {
            _ when name.StartsWith("xvd", StringComparison.Ordinal) => (DiskBus.Xen, 3),
            _ when name.StartsWith("hd", StringComparison.Ordinal) => (DiskBus.Ide, 2),
            _ when name.StartsWith("sd", StringComparison.Ordinal) => (DiskBus.Scsi, 2),
            _ when name.StartsWith("fd", StringComparison.Ordinal) => (DiskBus.Floppy, 2),
            _ => (DiskBus.Xen, 0),
        };
        int end = prefix;
        int disk = 0;
        while (end < name.Length && name[end] is >= 'a' and <= 'z' && end - prefix < MaxLetters)
        {
            disk = disk * Letters + name[end++] - 'a' + 1;
        }

        int partition = 0;
        bool whole = end == name.Length;
        return prefix > 0 && end > prefix && (whole || int.TryParse(name.AsSpan(end), NumberStyles.None, CultureInfo.InvariantCulture, out partition))
            ? new DiskNumber(bus, disk - 1, partition)
            : null;
    }

    /// <summary>The number in xenstore (<c>virtual-device</c>).</summary>
    public int Id => Bus switch
    {
        DiskBus.Xen when Disk < OldDisks => XenMajor << 8 | Disk << 4 | Partition,
        DiskBus.Xen => Extended | Disk << 8 | Partition,
        DiskBus.Scsi => ScsiMajor << 8 | Disk << 4 | Partition,
        DiskBus.Floppy => FloppyMajor << 8 | Disk << 4 | Partition,
        _ when Disk / 2 < IdeMajors.Length => IdeMajors[Disk / 2] << 8 | (Disk % 2) << 6 | Partition,
        _ => throw XenopsError.Internal($"there is no IDE disk {Disk}"),
    };

    public string LinuxName
    {
        get
        {
            string letters = "";
            for (int rest = Disk + 1; rest > 0; rest = (rest - 1) / Letters)
            {
                letters = (char)('a' + (rest - 1) % Letters) + letters;
            }

            string prefix = Bus switch { DiskBus.Scsi => "sd", DiskBus.Floppy => "fd", _ => "xvd" };
            return prefix + letters + (Partition == 0 ? "" : Partition.ToString(CultureInfo.InvariantCulture));
        }
    }
}

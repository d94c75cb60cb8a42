using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Devices;

/// <summary>Numbers, names and addresses of the devices of a VM. Pure. Source: XenAPI and the xenops protocol.</summary>
internal static class DeviceNames
{
    /// <summary>What a client writes for "the first free one".</summary>
    internal const string Autodetect = "autodetect";

    private const int Disks = 256;
    private const int Interfaces = 7;
    private const int IdeDisks = 4;
    private const int Letters = 26;

    /// <summary>The number of the disk that <c>userdevice</c> means: a number, or a name such as xvda, hdc, sdb; null for anything else.</summary>
    internal static int? DiskNumber(string userdevice)
    {
        if (int.TryParse(userdevice, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return number < Disks ? number : null;
        }

        string letters = userdevice.StartsWith("xvd", StringComparison.Ordinal) ? userdevice[3..]
            : userdevice.StartsWith("hd", StringComparison.Ordinal) || userdevice.StartsWith("sd", StringComparison.Ordinal) ? userdevice[2..] : "";
        if (letters.Length is 0 or > 2 || letters.Any(static c => c is < 'a' or > 'z'))
        {
            return null;
        }

        int named = letters.Length == 1 ? letters[0] - 'a' : ((letters[0] - 'a' + 1) * Letters) + letters[1] - 'a';
        return named < Disks ? named : null;
    }

    /// <summary>The name under which xenopsd and the guest know a disk: xvda, xvdb ... xvdaa.</summary>
    internal static string DiskName(int number) => number < Letters
        ? $"xvd{(char)('a' + number)}"
        : $"xvd{(char)('a' + (number / Letters) - 1)}{(char)('a' + (number % Letters))}";

    /// <summary>Where the disk appears: an HVM guest sees the first four on IDE.</summary>
    internal static (DiskBus bus, long disk, long partition) Position(bool hvm, int number) =>
        (hvm && number < IdeDisks ? DiskBus.Ide : DiskBus.Xen, number, 0);

    internal static ImmutableArray<string> FreeDisks(IEnumerable<string> taken)
    {
        HashSet<int> used = [.. taken.Select(DiskNumber).OfType<int>()];
        return [.. Enumerable.Range(0, Disks).Where(number => !used.Contains(number)).Select(static number => number.ToString(CultureInfo.InvariantCulture))];
    }

    internal static ImmutableArray<string> FreeInterfaces(IEnumerable<string> taken)
    {
        HashSet<string> used = [.. taken];
        return [.. Enumerable.Range(0, Interfaces).Select(static number => number.ToString(CultureInfo.InvariantCulture)).Where(name => !used.Contains(name))];
    }

    /// <summary>The same address for the same seed and device, locally administered and unicast.</summary>
    internal static string GenerateMac(string seed, string device)
    {
#pragma warning disable CA5351 // a name, not a secret: it only has to be the same each time
        byte[] hash = MD5.HashData(Encoding.UTF8.GetBytes($"{seed}-{device}"));
#pragma warning restore CA5351
        hash[0] = (byte)((hash[0] & 0xfe) | 0x02);
        return string.Join(':', hash.Take(6).Select(static b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>Six octets in hexadecimal, not a group address.</summary>
    internal static bool IsMac(string text)
    {
        string[] octets = text.Split(':');
        return octets.Length == 6
            && octets.All(static o => o.Length == 2 && byte.TryParse(o, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))
            && (byte.Parse(octets[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & 1) == 0;
    }

    internal static (string vm, string device) VbdId(VM vm, VBD row) => (vm.uuid, DiskNumber(row.userdevice) is { } number ? DiskName(number) : row.device);

    internal static (string vm, string device) VifId(VM vm, VIF row) => (vm.uuid, row.device);

    internal static bool IsHvm(VM row) => VmRows.EffectiveDomainType(row) == domain_type.hvm;
}

using System.Globalization;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>What the back end opens: a path or an address, its type (<c>phy</c>, <c>file</c>), and for a block device its number
/// (<c>major:minor</c>, hexadecimal).</summary>
public sealed record DiskSource(string Params, string Type, string? PhysicalDevice)
{
    /// <summary>An empty drive.</summary>
    public static DiskSource Empty { get; } = new("", "phy", null);
}

/// <summary>The xenstore keys of a VBD.</summary>
public static class VbdKeys
{
    public const string Kind = "vbd";
    public const string Params = "params";
    public const string VdiId = "vdi-id";
    public const string PhysicalDevice = "physical-device";

    public static DeviceAddress Address(string vmId, int domid, Vbd vbd) => new(vmId, domid, 0, Kind, Kind, DiskNumber.Of(vbd).Id);

    public static DeviceKeys Create(Vbd vbd, int domid, DiskSource source)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        ArgumentNullException.ThrowIfNull(source);
        var number = DiskNumber.Of(vbd);
        string type = vbd.ty switch { VbdType.CDROM => "cdrom", VbdType.Floppy => "floppy", _ => "disk" };
        List<KeyValuePair<string, string>> backend =
        [
            new("frontend-id", Number(domid)),
            new("online", "1"),
            new("removable", vbd.unpluggable ? "1" : "0"),
            new("state", XenbusState.Initialising),
            new("dev", number.LinuxName),
            new("type", source.Type),
            new("mode", vbd.mode == VbdMode.ReadOnly ? "r" : "w"),
            new(Params, source.Params),
            .. vbd.extra_backend_keys,
            new("vdi", Text(vbd.backend)),
        ];
        if (source.PhysicalDevice is { } device)
        {
            backend.Add(new(PhysicalDevice, device));
        }

        return new DeviceKeys(
            [
                new("backend-id", "0"),
                new("state", XenbusState.Initialising),
                new("virtual-device", Number(number.Id)),
                new("device-type", type),
            ],
            backend,
            [.. vbd.extra_private_keys, new(VdiId, Text(vbd.backend)), new("vbd-id", vbd.id.device)],
            []);
    }

    /// <summary>The disk as text: the wire's form of it, <c>null</c> for none.</summary>
    public static string Text(Disk? disk) => disk is null ? "null" : JsonValueWriter.Text(w => DiskCodec.Write(w, disk));

    /// <summary>Reads <see cref="Text"/>; null for an empty drive or a text that is no disk.</summary>
    public static Disk? Read(string? text)
    {
        if (text is null or "" or "null")
        {
            return null;
        }

        try
        {
            return DiskCodec.Read(JsonValueReader.Parse(Encoding.UTF8.GetBytes(text)));
        }
        catch (Exception error) when (error is ValueFormatException or WireFormatException)
        {
            return null;
        }
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}

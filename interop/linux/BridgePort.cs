using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>Network interfaces as ports of a bridge (netdevice(7)). Raises <see cref="HypervisorError"/>: ENODEV when an interface or the bridge
/// does not exist, ENAMETOOLONG for a name that cannot be one.</summary>
public static unsafe class BridgePort
{
    private const int MaxName = 15;
    private const ushort Ethernet = 1;
    private const short Up = 1;

    /// <summary>Makes the interface a port of <paramref name="bridge"/>, taking it from another one, and sets it up. The hardware address is six
    /// bytes; an MTU of 0 leaves the interface's own.</summary>
    public static void Connect(string name, string bridge, int mtu, ReadOnlySpan<byte> address)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(address.Length, 6);
        int socket = Socket();
        try
        {
            SetAddress(socket, name, address);
            if (mtu > 0)
            {
                Do(socket, "SIOCSIFMTU", NetworkRequests.SetMtu, name, mtu);
            }

            Join(socket, name, bridge);
            var flags = Do(socket, "SIOCGIFFLAGS", NetworkRequests.GetFlags, name, 0);
            Do(socket, "SIOCSIFFLAGS", NetworkRequests.SetFlags, name, (short)flags.Number | Up);
        }
        finally
        {
            _ = close(socket);
        }
    }

    /// <summary>The bridge that the interface belongs to; null for none.</summary>
    public static string? BridgeOf(string name)
    {
        string link = $"/sys/class/net/{name}/master";
        return Directory.Exists(link) ? Path.GetFileName(new DirectoryInfo(link).LinkTarget) : null;
    }

    private static void Join(int socket, string name, string bridge)
    {
        string? present = BridgeOf(name);
        if (present == bridge)
        {
            return;
        }

        int index = Do(socket, "SIOCGIFINDEX", NetworkRequests.GetIndex, name, 0).Number;
        if (present is not null)
        {
            Do(socket, "SIOCBRDELIF", NetworkRequests.RemovePort, present, index);
        }

        Do(socket, "SIOCBRADDIF", NetworkRequests.AddPort, bridge, index);
    }

    private static void SetAddress(int socket, string name, ReadOnlySpan<byte> address)
    {
        var request = Request(name);
        request.Family = Ethernet;
        address.CopyTo(new Span<byte>(request.Address, 6));
        Call(socket, "SIOCSIFHWADDR", NetworkRequests.SetAddress, name, ref request);
    }

    private static InterfaceRequest Do(int socket, string call, int number, string name, int value)
    {
        var request = Request(name);
        request.Number = value;
        Call(socket, call, number, name, ref request);
        return request;
    }

    private static void Call(int socket, string call, int number, string name, ref InterfaceRequest request)
    {
        // SAFETY: the structure is pinned for the call and has the size the kernel copies in and out.
        fixed (InterfaceRequest* argument = &request)
        {
            if (ioctl(socket, number, argument) < 0)
            {
                throw HypervisorError.Last($"{call} {name}");
            }
        }
    }

    private static InterfaceRequest Request(string name)
    {
        if (name.Length is 0 or > MaxName || !Ascii.IsValid(name))
        {
            throw new HypervisorError($"interface {name}", ENAMETOOLONG);
        }

        InterfaceRequest request = default;
        Encoding.ASCII.GetBytes(name, new Span<byte>(request.Name, MaxName));
        return request;
    }

    private static int Socket()
    {
        int socket = LibC.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return socket < 0 ? throw HypervisorError.Last("socket") : socket;
    }
}

/// <summary>Numbers of the ioctls (linux/sockios.h).</summary>
internal static class NetworkRequests
{
    internal const int GetFlags = 0x8913;
    internal const int SetFlags = 0x8914;
    internal const int SetMtu = 0x8922;
    internal const int SetAddress = 0x8924;
    internal const int GetIndex = 0x8933;
    internal const int AddPort = 0x89a2;
    internal const int RemovePort = 0x89a3;
}

/// <summary>What the ioctls take (struct ifreq): a name and, over one another, a number or an address with its family.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal unsafe struct InterfaceRequest
{
    [FieldOffset(0)] internal fixed byte Name[16];
    [FieldOffset(16)] internal int Number;
    [FieldOffset(16)] internal ushort Family;
    [FieldOffset(18)] internal fixed byte Address[6];
}

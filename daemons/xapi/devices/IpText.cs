using System.Net;
using System.Net.Sockets;
using Toolstack.Idl;

namespace Toolstack.Xapi.Devices;

/// <summary>IP addresses as clients write them. Raises INVALID_IP_ADDRESS_SPECIFIED or INVALID_CIDR_ADDRESS_SPECIFIED [parameter].</summary>
internal static class IpText
{
    internal static void AssertAddress(string parameter, string text, bool v6)
    {
        if (!IsAddress(text, v6))
        {
            throw new XenApiError("INVALID_IP_ADDRESS_SPECIFIED", parameter);
        }
    }

    internal static void AssertAddressOrNone(string parameter, string text, bool v6)
    {
        if (text.Length > 0)
        {
            AssertAddress(parameter, text, v6);
        }
    }

    /// <summary>An address with the length of its prefix.</summary>
    internal static void AssertCidr(string parameter, string text, bool v6)
    {
        string[] parts = text.Split('/');
        if (parts.Length != 2 || !IsAddress(parts[0], v6) || !byte.TryParse(parts[1], out byte length) || length > (v6 ? 128 : 32))
        {
            throw new XenApiError("INVALID_CIDR_ADDRESS_SPECIFIED", parameter);
        }
    }

    private static bool IsAddress(string text, bool v6) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == (v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork)
        && (v6 || text.Split('.').Length == 4);
}

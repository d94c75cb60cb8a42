using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Pool;

/// <summary>
/// Works out who this host is from its files, after a change of role that was written has been carried out: the role file (<c>master</c>,
/// <c>slave:&lt;address&gt;</c>, or <c>broken</c> for neither; absent means a pool of one), the pool
/// secret (made on a coordinator that has none, mode 0600), and the inventory (lines <c>KEY='value'</c>; INSTALLATION_UUID is added where it lacks).
/// </summary>
public static class IdentityFiles
{
    internal const string MemberPrefix = "slave:";
    private const int SecretBytes = 48;

    /// <summary>Raises <see cref="ConfigurationException"/> when a file cannot be read or does not make sense.</summary>
    public static HostIdentity Read(Configuration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        Membership.RoleChange.CarryOut(configuration);
        string? coordinator = ReadRole(configuration.Get(PoolSettings.RoleFile));
        string address = OwnAddress(configuration);
        return new HostIdentity
        {
            Uuid = Inventory.EnsureUuid(configuration.Get(PoolSettings.InventoryFile), Inventory.HostUuid),
            Address = address,
            HttpPort = (int)configuration.Get(Settings.HttpPort),
            IsCoordinator = coordinator is null,
            CoordinatorAddress = coordinator ?? address,
            PoolSecret = ReadSecret(configuration.Get(PoolSettings.SecretFile), mayCreate: coordinator is null),
        };
    }

    /// <summary>The coordinator's address, or null when this host is the coordinator; empty for a host that is neither.</summary>
    internal static string? ReadRole(string path)
    {
        string role = (ConfigText.Read(path) ?? "master").Trim();
        if (role == "master")
        {
            return null;
        }

        if (role == Membership.RoleChange.Broken)
        {
            return "";
        }

        string address = role.StartsWith(MemberPrefix, StringComparison.Ordinal) ? role[MemberPrefix.Length..].Trim() : "";
        return IPAddress.TryParse(address, out _) || Uri.CheckHostName(address) == UriHostNameType.Dns
            ? address
            : throw new ConfigurationException($"{path}: expected 'master', 'slave:<address>' or 'broken', found '{role}'");
    }

    internal static string ReadSecret(string path, bool mayCreate)
    {
        string secret = (ConfigText.Read(path) ?? "").Trim();
        if (secret.Length > 0)
        {
            return secret;
        }

        if (!mayCreate)
        {
            throw new ConfigurationException($"{path}: a member needs the secret of its pool");
        }

        secret = RandomNumberGenerator.GetHexString(2 * SecretBytes, lowercase: true);
        ConfigText.Write(path, secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return secret;
    }

    private static string OwnAddress(Configuration configuration)
    {
        string[] configured = [configuration.Get(PoolSettings.ManagementAddress), configuration.Get(Settings.ListenAddress)];
        foreach (string text in configured)
        {
            if (IPAddress.TryParse(text, out IPAddress? address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            {
                return address.ToString();
            }
        }

        return configured[0].Length == 0
            ? FirstInterface()
            : throw new ConfigurationException($"{PoolSettings.ManagementAddress.Name} = {configured[0]}: allowed is an address of this host");
    }

    private static string FirstInterface()
    {
        foreach (NetworkInterface card in NetworkInterface.GetAllNetworkInterfaces())
        {
            if (card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            {
                foreach (UnicastIPAddressInformation address in card.GetIPProperties().UnicastAddresses)
                {
                    if (address.Address.AddressFamily == AddressFamily.InterNetwork)
                    {
                        return address.Address.ToString();
                    }
                }
            }
        }

        return IPAddress.Loopback.ToString();
    }
}

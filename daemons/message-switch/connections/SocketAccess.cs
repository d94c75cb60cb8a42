using System.Globalization;
using Toolstack.Hosting;
using Toolstack.Interop.Linux;

namespace Toolstack.MessageSwitch;

/// <summary>Who may connect to the socket: its mode and, unless null, its owner and group in numbers.</summary>
internal sealed record SocketAccess(UnixFileMode Mode, uint? User, uint? Group)
{
    internal static readonly SocketAccess OwnerOnly = new(UnixFileMode.UserRead | UnixFileMode.UserWrite, null, null);

    /// <summary>Reads <c>0660</c> and <c>UID</c>, <c>UID:GID</c> or nothing. Raises <see cref="ConfigurationException"/>.</summary>
    internal static SocketAccess Parse(string mode, string owner)
    {
        if (mode.Length is < 3 or > 4 || mode.Any(digit => digit is < '0' or > '7') || Convert.ToInt32(mode, 8) > 0b111_111_111)
        {
            throw new ConfigurationException($"socket-mode = {mode}: allowed is an octal number from 0000 to 0777");
        }

        var parts = owner.Length == 0 ? [] : owner.Split(':');
        return parts.Length <= 2 && parts.All(part => uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            ? new SocketAccess((UnixFileMode)Convert.ToInt32(mode, 8), Number(parts, 0), Number(parts, 1))
            : throw new ConfigurationException($"socket-owner = {owner}: allowed is UID or UID:GID in numbers");
    }

    /// <summary>Gives the socket its owner and mode. Raises <see cref="HypervisorError"/> when that is not allowed.</summary>
    internal void Apply(string path)
    {
        if (User is not null || Group is not null)
        {
            UnixOwner.Change(path, User, Group);
        }

        File.SetUnixFileMode(path, Mode);
    }

    private static uint? Number(string[] parts, int index) =>
        index < parts.Length ? uint.Parse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture) : null;
}

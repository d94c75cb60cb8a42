using System.Globalization;
using Toolstack.Hosting;

namespace Toolstack.MessageSwitch;

/// <summary>Users of the system who may connect, beside root and the user the switch runs as; null: whoever the socket's mode lets in.</summary>
internal sealed record AllowedUsers(IReadOnlySet<uint>? Users)
{
    internal static readonly AllowedUsers Everybody = new((IReadOnlySet<uint>?)null);

    /// <summary>Reads numbers separated by commas, or nothing. Raises <see cref="ConfigurationException"/>.</summary>
    internal static AllowedUsers Parse(string text)
    {
        if (text.Length == 0)
        {
            return Everybody;
        }

        var users = new HashSet<uint>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            users.Add(uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var user)
                ? user
                : throw new ConfigurationException($"allowed-users = {text}: allowed are UIDs in numbers, separated by commas"));
        }

        return new AllowedUsers(users);
    }

    internal bool Allows(PeerIdentity peer) => Users is null || peer.IsRoot || peer.User == PeerIdentity.Own || Users.Contains(peer.User);
}

using Toolstack.Hosting;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Membership;

/// <summary>What becomes of the database of a host whose role changes. keep: it stays, or a prepared restore takes its place. aside: it is moved
/// beside. bring: it is moved to where the member finds the rows it brings along (<see cref="Arrival"/>).</summary>
internal enum DatabaseFate
{
    Keep,
    Aside,
    Bring,
}

/// <summary>
/// A change of the host's role as one file beside the role file: written in one step while the daemon runs, carried out by the next start
/// before anything else is read. A crash before the file stands leaves the old role; one after it, or while it is carried out, the new one.
/// </summary>
/// <param name="Role">The new content of the role file: <c>master</c>, <c>slave:ADDRESS</c> or <c>broken</c>.</param>
/// <param name="Secret">The new pool secret; null keeps it, empty removes it, so that the start makes one.</param>
/// <param name="Fate">What becomes of the database.</param>
internal sealed record RoleChange(string Role, string? Secret, DatabaseFate Fate)
{
    internal const string Coordinator = "master";
    internal const string Broken = "broken";

    private const string Suffix = ".change";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Readable = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    internal static string MemberOf(string address) => IdentityFiles.MemberPrefix + address;

    /// <summary>From here on the change happens. Raises <see cref="ConfigurationException"/>; then it does not.</summary>
    internal void Write(Configuration configuration) =>
        ConfigText.Write(PathOf(configuration), $"role={Role}\n{(Secret is null ? "" : $"secret={Secret}\n")}database={Fate}\n", Private);

    /// <summary>It does not happen after all. Only before the daemon has answered anybody that it does.</summary>
    internal static void Withdraw(Configuration configuration) => File.Delete(PathOf(configuration));

    /// <summary>Carries out a change that was written; every step may be done again. Raises <see cref="ConfigurationException"/>.</summary>
    internal static void CarryOut(Configuration configuration)
    {
        string path = PathOf(configuration);
        if (ConfigText.Read(path) is not { } text)
        {
            return;
        }

        RoleChange change = Parse(path, text);
        try
        {
            change.MoveDatabase(configuration.Get(PoolSettings.DatabasePath));
            if (change.Secret is { Length: 0 })
            {
                File.Delete(configuration.Get(PoolSettings.SecretFile));
            }
            else if (change.Secret is { } secret)
            {
                ConfigText.Write(configuration.Get(PoolSettings.SecretFile), secret, Private);
            }

            ConfigText.Write(configuration.Get(PoolSettings.RoleFile), change.Role + "\n", Readable);
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: the change of role cannot be carried out: {error.Message}");
        }
    }

    private void MoveDatabase(string path)
    {
        switch (Fate)
        {
            case DatabaseFate.Aside:
                DatabaseFiles.Discard(DatabaseFiles.Prepared(path));
                DatabaseFiles.Move(path, path + DatabaseFiles.BeforeRole);
                break;
            case DatabaseFate.Bring:
                DatabaseFiles.Discard(DatabaseFiles.Prepared(path));
                DatabaseFiles.Move(path, path + DatabaseFiles.Brought);
                break;
            default:
                break;
        }
    }

    private static RoleChange Parse(string path, string text)
    {
        Dictionary<string, string> lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split('=', 2)).Where(static pair => pair.Length == 2)
            .ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.Ordinal);
        return lines.TryGetValue("role", out string? role) && Enum.TryParse(lines.GetValueOrDefault("database"), out DatabaseFate fate)
            ? new RoleChange(role, lines.GetValueOrDefault("secret"), fate)
            : throw new ConfigurationException($"{path}: is no change of role; remove it to keep the role as it is");
    }

    private static string PathOf(Configuration configuration) => configuration.Get(PoolSettings.RoleFile) + Suffix;
}

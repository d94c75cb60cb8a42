using System.Collections.Immutable;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Pool;

/// <summary>The facts of the installation: lines <c>KEY='value'</c>, which shell scripts read as well.</summary>
internal static class Inventory
{
    internal const string HostUuid = "INSTALLATION_UUID";
    internal const string ControlDomainUuid = "CONTROL_DOMAIN_UUID";

    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Every fact; none when there is no file.</summary>
    internal static ImmutableDictionary<string, string> Read(string path)
    {
        ImmutableDictionary<string, string>.Builder facts = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (string line in (ConfigText.Read(path) ?? "").Split('\n'))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                facts[line[..equals].Trim()] = line[(equals + 1)..].Trim().Trim('\'', '"');
            }
        }

        return facts.ToImmutable();
    }

    /// <summary>The uuid under a key; a new one is made and added to the file when it has none.</summary>
    internal static string EnsureUuid(string path, string key)
    {
        if (Read(path).TryGetValue(key, out string? value))
        {
            return Guid.TryParse(value, out Guid found) ? found.ToString() : throw new ConfigurationException($"{path}: {key} is no uuid: '{value}'");
        }

        string uuid = Guid.NewGuid().ToString();
        string text = ConfigText.Read(path) ?? "";
        string separator = text.Length == 0 || text.EndsWith('\n') ? "" : "\n";
        ConfigText.Write(path, $"{text}{separator}{key}='{uuid}'\n", Mode);
        return uuid;
    }
}

using Toolstack.Idl;

namespace Toolstack.Xapi.Pool;

/// <summary>The few facts that a host keeps for itself, whatever becomes of the pool's database: lines <c>key=value</c> in one file.</summary>
internal sealed class LocalState(string path)
{
    /// <summary>false: the host stays closed for VMs until host.enable.</summary>
    internal const string AutoEnable = "host_auto_enable";

    private readonly Lock gate = new();

    /// <summary>The value, or null. Raises ConfigurationException when the file cannot be read.</summary>
    internal string? Get(string key)
    {
        lock (gate)
        {
            return Read().GetValueOrDefault(key);
        }
    }

    /// <summary>On disk when it returns; what is already so is not written. Raises INTERNAL_ERROR when it cannot be.</summary>
    internal void Set(string key, string value)
    {
        lock (gate)
        {
            try
            {
                SortedDictionary<string, string> all = Read();
                if (all.GetValueOrDefault(key) != value)
                {
                    all[key] = value;
                    ConfigText.Write(path, string.Concat(all.Select(static p => $"{p.Key}={p.Value}\n")), UnixFileMode.UserRead | UnixFileMode.UserWrite);
                }
            }
            catch (Hosting.ConfigurationException error)
            {
                throw new XenApiError("INTERNAL_ERROR", error.Message);
            }
        }
    }

    private SortedDictionary<string, string> Read()
    {
        SortedDictionary<string, string> all = new(StringComparer.Ordinal);
        foreach (string line in (ConfigText.Read(path) ?? "").Split('\n'))
        {
            if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and int equals)
            {
                all[line[..equals]] = line[(equals + 1)..];
            }
        }

        return all;
    }
}

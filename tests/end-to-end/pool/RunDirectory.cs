using System.Globalization;

namespace Toolstack.EndToEnd.Pool;

/// <summary>Where a pool keeps its files: a short path, because that of a Unix socket has 107 bytes. The name carries the process that
/// owns it, so that what a killed runner could not remove is removed by the next.</summary>
internal static class RunDirectory
{
    private const string Prefix = "xapi-pool-";

    internal static string Create()
    {
        RemoveOrphans();
        return Directory.CreateTempSubdirectory($"{Prefix}{Environment.ProcessId}-").FullName;
    }

    internal static void Remove(string path) => Directory.Delete(path, recursive: true);

    /// <summary>Removes the directories whose owner is no more.</summary>
    internal static void RemoveOrphans()
    {
        foreach (var path in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            var owner = Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
            if (!int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || Directory.Exists($"/proc/{pid}"))
            {
                continue;
            }

            try
            {
                Remove(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another user's, or another runner is removing it now.
            }
        }
    }
}

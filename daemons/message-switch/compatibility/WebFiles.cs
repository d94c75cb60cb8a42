using Toolstack.MessageSwitch.Http;

namespace Toolstack.MessageSwitch;

/// <summary>The files of a web interface, from one directory and nowhere else.</summary>
internal static class WebFiles
{
    /// <summary>The file as an answer, or null when there is none that may be seen.</summary>
    internal static async Task<HttpAnswer?> ReadAsync(string directory, string path, CancellationToken stopping)
    {
        if (directory.Length == 0 || path.Split('/').Any(static part => part is ".." or "."))
        {
            return null;
        }

        path = path is "admin" or "admin/" ? "admin/index.html" : path;
        var file = new FileInfo(Path.Combine(directory, path));
        if (!file.Exists || file.Length > CompatLimits.MaxWebFileBytes || file.LinkTarget is not null)
        {
            return null;
        }

        return new HttpAnswer(200, await File.ReadAllBytesAsync(file.FullName, stopping).ConfigureAwait(false));
    }
}

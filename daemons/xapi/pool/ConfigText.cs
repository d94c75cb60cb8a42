using System.Text;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Pool;

/// <summary>Small files of the host's configuration, read and written whole. Failures are <see cref="ConfigurationException"/>s that name the file.</summary>
internal static class ConfigText
{
    /// <summary>The content, or null when there is no such file.</summary>
    internal static string? Read(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: cannot be read: {error.Message}");
        }
    }

    internal static void Write(string path, string content, UnixFileMode mode)
    {
        try
        {
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(content), mode, durable: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: cannot be written: {error.Message}");
        }
    }
}

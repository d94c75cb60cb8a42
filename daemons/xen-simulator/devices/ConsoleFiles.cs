using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Toolstack.XenSimulator.Devices;

/// <summary>The files that consoles write, one for each domain. That of a domain that is gone becomes the next one's: a file system may take longer to make
/// a file than all else that a short life of a domain takes. For one caller at a time. Raises IOException and UnauthorizedAccessException.</summary>
internal sealed class ConsoleFiles(string directory)
{
    private readonly Stack<string> spare = [];
    private long given;
    private bool made;

    /// <summary>The path of an empty file, or of one that is still to be made.</summary>
    internal string Take(int domid)
    {
        if (!made)
        {
            Directory.CreateDirectory(directory);
            made = true;
        }

        string path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"guest-{domid}.log"));
        if (!spare.TryPop(out string? unused) || !TryMove(unused, path))
        {
            File.Delete(path);
        }

        return path;
    }

    /// <summary>Nobody writes to it any more. <paramref name="used"/>: there is a file.</summary>
    internal void GiveBack(string path, bool used)
    {
        string unused = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"spare-{given++}"));
        if (used && spare.Count < DeviceLimits.SpareConsoleFiles && TryMove(path, unused))
        {
            spare.Push(unused);
        }
        else
        {
            File.Delete(path);
        }
    }

    /// <summary>Nothing is left of those that are nobody's.</summary>
    internal void Clear()
    {
        while (spare.TryPop(out string? unused))
        {
            File.Delete(unused);
        }
    }

    /// <summary>False when somebody has removed it.</summary>
    private static bool TryMove(string file, string path)
    {
        try
        {
            using (SafeFileHandle content = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            {
                RandomAccess.SetLength(content, 0);
            }

            File.Move(file, path, overwrite: true);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }
}

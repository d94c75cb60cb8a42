using System.Globalization;

namespace Toolstack.XenSimulator.Devices;

/// <summary>The files that consoles write, one for each domain. As with the pseudo-terminals of a real host, that of a domain that is gone, emptied, is the
/// next one's: a file system may take longer to make and to remove a file than all else that a short life of a domain takes. For one caller at a time. Raises
/// IOException and UnauthorizedAccessException.</summary>
internal sealed class ConsoleFiles(string directory)
{
    private readonly Stack<ConsoleFile> spare = [];
    private long given;

    /// <summary>One without text, or that is still to be made.</summary>
    internal ConsoleFile Take()
    {
        if (spare.TryPop(out var unused))
        {
            return unused;
        }

        if (given == 0)
        {
            Directory.CreateDirectory(directory);
        }

        return new ConsoleFile(Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"console-{given++}.log")));
    }

    /// <summary>Nobody writes to it any more.</summary>
    internal void GiveBack(ConsoleFile file)
    {
        if (spare.Count < DeviceLimits.SpareConsoleFiles)
        {
            file.Empty();
            spare.Push(file);
        }
        else
        {
            file.Dispose();
        }
    }

    /// <summary>Nothing is left of those that are nobody's.</summary>
    internal void Clear()
    {
        while (spare.TryPop(out var unused))
        {
            unused.Dispose();
        }
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Toolstack.Xenopsd.State;

/// <summary>
/// What is left on disk of VMs that are gone, for VMs to come: a directory, and in it the two files that every VM that ran has, under names that are no
/// record's. Making and removing these takes a file system longer than all else that is written of a short life. Nothing of it outlives the process: the next
/// one clears it away. Raises IOException and UnauthorizedAccessException.
/// </summary>
internal sealed class SpareRecords(string root)
{
    private const int MaxSpare = 64;
    private const string Config = "config.tmp";
    private const string Extra = "extra.tmp";

    private readonly string place = Path.Combine(root, "spare");
    private readonly ConcurrentStack<(string Directory, bool HasExtra)> spare = [];

    /// <summary>Files that lie ready, by the path they are for.</summary>
    private readonly ConcurrentDictionary<string, string> ready = new(StringComparer.Ordinal);
    private long given;

    /// <summary>Begins without any.</summary>
    internal void Clear()
    {
        if (Directory.Exists(place))
        {
            Directory.Delete(place, recursive: true);
        }

        Directory.CreateDirectory(place);
    }

    /// <summary>A directory of a VM that is gone becomes that of a new one, without a record in it; false when there is none.</summary>
    internal bool TryPlace(string directory, string config, string extra)
    {
        if (!spare.TryPop(out var left))
        {
            return false;
        }

        try
        {
            Directory.Move(left.Directory, directory);
        }
        catch (IOException)
        {
            // Somebody has cleared it away, or the VM has a directory.
            return false;
        }

        ready[config] = Path.Combine(directory, Config);
        if (left.HasExtra)
        {
            ready[extra] = Path.Combine(directory, Extra);
        }

        return true;
    }

    /// <summary>Takes the VM's directory away with both files in one step, and keeps them; false, and nothing done, when there are enough.</summary>
    internal bool TryKeep(string directory, string config, string extra)
    {
        if (spare.Count >= MaxSpare || !File.Exists(config))
        {
            return false;
        }

        string kept = Path.Combine(place, Interlocked.Increment(ref given).ToString(CultureInfo.InvariantCulture));
        try
        {
            Directory.Move(directory, kept);
        }
        catch (IOException)
        {
            return false;
        }

        ready.TryRemove(config, out _);
        bool hasExtra = ready.TryRemove(extra, out _);
        File.Move(Path.Combine(kept, Path.GetFileName(config)), Path.Combine(kept, Config), overwrite: true);
        if (File.Exists(extra))
        {
            File.Move(extra, Path.Combine(kept, Extra), overwrite: true);
            hasExtra = true;
        }

        spare.Push((kept, hasExtra));
        return true;
    }

    /// <summary>Makes a file that lies ready the one at <paramref name="path"/>, whole or not at all; false when there is none.</summary>
    internal bool TryWrite(string path, ReadOnlySpan<byte> content)
    {
        if (!ready.TryRemove(path, out string? file))
        {
            return false;
        }

        try
        {
            using (SafeFileHandle open = File.OpenHandle(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            {
                RandomAccess.Write(open, content, 0);
                RandomAccess.SetLength(open, content.Length);
            }

            File.Move(file, path, overwrite: true);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            File.Delete(file);
            throw;
        }
    }

    /// <summary>A VM that is cleared away otherwise has nothing ready.</summary>
    internal void Forget(string config, string extra)
    {
        ready.TryRemove(config, out _);
        ready.TryRemove(extra, out _);
    }
}

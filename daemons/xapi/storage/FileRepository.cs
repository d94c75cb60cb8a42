using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using Toolstack.Idl;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Storage;

/// <summary>
/// The files of an SR of type <c>file</c>: the directory that is named after the SR's uuid below the <c>location</c> of the device_config,
/// with one sparse raw image for each VDI, <c>uuid.raw</c>. Every host that has the location mounted sees the same.
/// Raises XenApiError SR_BACKEND_FAILURE_* for everything that goes wrong with the files.
/// </summary>
internal sealed class FileRepository
{
    internal const string Type = "file";
    internal const string LocationKey = "location";
    private const string Suffix = ".raw";

    /// <summary>Sizes are multiples of this, in bytes.</summary>
    private const long Granularity = 4096;

    /// <summary>The largest image, in bytes: 64 TiB.</summary>
    private const long LargestImage = 64L * 1024 * 1024 * 1024 * 1024;

    private readonly string location;
    private readonly string directory;

    internal FileRepository(IReadOnlyDictionary<string, string> deviceConfig, string uuid)
    {
        location = Location(deviceConfig);
        directory = Path.Combine(location, uuid);
    }

    /// <summary>The uuids of the SRs at the location of a device_config.</summary>
    internal static ImmutableArray<string> Probe(IReadOnlyDictionary<string, string> deviceConfig)
    {
        string location = Location(deviceConfig);
        return Guard(() => Directory.EnumerateDirectories(location).Select(static d => Path.GetFileName(d))
            .Where(static name => Guid.TryParseExact(name, "D", out _)).Order(StringComparer.Ordinal).ToImmutableArray());
    }

    internal void Make()
    {
        if (!Directory.Exists(location))
        {
            throw StorageErrors.RepositoryUnavailable($"no such directory: {location}");
        }

        Guard(() => Directory.CreateDirectory(directory));
    }

    /// <summary>Raises SR_BACKEND_FAILURE_47 unless the directory is there.</summary>
    internal void Check()
    {
        if (!Directory.Exists(directory))
        {
            throw StorageErrors.RepositoryUnavailable($"no such directory: {directory}");
        }
    }

    /// <summary>Removes the directory; one that is gone already is no error. Raises SR_NOT_EMPTY when something is in it.</summary>
    internal void Remove() => Guard(() =>
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        if (Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new XenApiError("SR_NOT_EMPTY");
        }

        Directory.Delete(directory);
    });

    /// <summary>The uuids of the images.</summary>
    internal ImmutableArray<string> Images() => Guard(() => Directory.EnumerateFiles(directory, "*" + Suffix)
        .Select(static f => Path.GetFileNameWithoutExtension(f)).Where(static name => Guid.TryParseExact(name, "D", out _))
        .Order(StringComparer.Ordinal).ToImmutableArray());

    internal string PathOf(string vdi) => Path.Combine(directory, vdi + Suffix);

    /// <summary>Makes an empty image and gives its size, rounded up.</summary>
    internal long Create(string vdi, long size)
    {
        long rounded = Rounded(size);
        Guard(() =>
        {
            using SafeFileHandle file = File.OpenHandle(PathOf(vdi), FileMode.CreateNew, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, rounded);
            RandomAccess.FlushToDisk(file);
        });
        return rounded;
    }

    internal long Resize(string vdi, long size)
    {
        long rounded = Rounded(size);
        Guard(() =>
        {
            using SafeFileHandle file = File.OpenHandle(PathOf(vdi), FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.SetLength(file, rounded);
            RandomAccess.FlushToDisk(file);
        });
        return rounded;
    }

    /// <summary>Makes <paramref name="copy"/> in this repository of an image anywhere. A copy that fails leaves no file.</summary>
    internal void CopyFrom(string original, string copy, CancellationToken cancel) => Guard(() =>
    {
        string path = PathOf(copy);
        bool whole = false;
        try
        {
            using SafeFileHandle from = File.OpenHandle(original, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using SafeFileHandle to = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
            SparseFile.Copy(from, to, cancel);
            RandomAccess.FlushToDisk(to);
            whole = true;
        }
        finally
        {
            if (!whole)
            {
                File.Delete(path);
            }
        }
    });

    /// <summary>Replaces the content of an image of this repository, which keeps its name, by a copy of another.</summary>
    internal void Overwrite(string original, string vdi, CancellationToken cancel) => Guard(() =>
    {
        using SafeFileHandle from = File.OpenHandle(original, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using SafeFileHandle to = File.OpenHandle(PathOf(vdi), FileMode.Open, FileAccess.ReadWrite);
        long length = RandomAccess.GetLength(to);
        RandomAccess.SetLength(to, 0);
        SparseFile.Copy(from, to, cancel);
        RandomAccess.SetLength(to, Math.Max(length, RandomAccess.GetLength(from)));
        RandomAccess.FlushToDisk(to);
    });

    /// <summary>Deletes an image; one that is gone already is no error.</summary>
    internal void Delete(string vdi) => Guard(() => File.Delete(PathOf(vdi)));

    /// <summary>Length and bytes on the disk; null when there is no such image.</summary>
    internal (long Size, long Allocated)? Usage(string vdi) => Guard<(long, long)?>(() =>
    {
        FileInfo file = new(PathOf(vdi));
        return file.Exists ? (file.Length, SparseFile.AllocatedBytes(file.FullName)) : null;
    });

    /// <summary>Size and use of the file system, in bytes.</summary>
    internal (long Total, long Used) Space() => Guard(() =>
    {
        DriveInfo drive = new(directory);
        return (drive.TotalSize, drive.TotalSize - drive.TotalFreeSpace);
    });

    private static string Location(IReadOnlyDictionary<string, string> deviceConfig) =>
        deviceConfig.TryGetValue(LocationKey, out string? path) && Path.IsPathFullyQualified(path) ? path : throw StorageErrors.LocationMissing();

    private static long Rounded(long size) =>
        size is > 0 and <= LargestImage ? (size + Granularity - 1) / Granularity * Granularity : throw StorageErrors.InvalidSize(size);

    private static void Guard(Action work) => Guard(() =>
    {
        work();
        return true;
    });

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageErrors.From(e);
        }
    }
}

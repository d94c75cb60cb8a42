using Microsoft.Win32.SafeHandles;

namespace Toolstack.XenSimulator.Devices;

/// <summary>The file one console writes at a time; it is made with the first text. Raises IOException and UnauthorizedAccessException. For one caller at a time.</summary>
internal sealed class ConsoleFile(string path) : IDisposable
{
    private SafeFileHandle? file;
    private long length;

    internal string Path => path;

    /// <summary>Begins anew when there is too much.</summary>
    internal void Append(ReadOnlySpan<byte> text)
    {
        file ??= File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        if (length > DeviceLimits.ConsoleFileBytes)
        {
            Empty();
        }

        RandomAccess.Write(file, text, length);
        length += text.Length;
    }

    internal void Empty()
    {
        if (length > 0)
        {
            RandomAccess.SetLength(file!, 0);
            length = 0;
        }
    }

    /// <summary>Removes it.</summary>
    public void Dispose()
    {
        file?.Dispose();
        File.Delete(path);
    }
}

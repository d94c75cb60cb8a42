using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>Owner and group of a file (chown(2)).</summary>
public static unsafe class UnixOwner
{
    /// <summary>The user this process runs as (geteuid(2)).</summary>
    public static uint Current => geteuid();

    /// <summary>Gives <paramref name="path"/> another owner, another group or both; null leaves one as it is. Raises <see cref="HypervisorError"/>.</summary>
    public static void Change(string path, uint? user, uint? group)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var name = Encoding.UTF8.GetBytes(path + '\0');

        // SAFETY: the name ends with a zero byte and stays pinned for the call; -1 means "as it is".
        fixed (byte* start = name)
        {
            if (chown(start, (uid_t)(user ?? uint.MaxValue), (gid_t)(group ?? uint.MaxValue)) != 0)
            {
                throw new HypervisorError($"chown {path}", errno);
            }
        }
    }
}

using System.Text;

namespace Toolstack.Xenopsd.HookScripts;

/// <summary>What a program of the host writes, as much of it as is of use.</summary>
internal static class ProgramOutput
{
    private const int MostCharacters = 64 * 1024;

    /// <summary>No more than there is room for; the rest is read and forgotten, so that the program can end.</summary>
    internal static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancel)
    {
        StringBuilder kept = new();
        char[] part = new char[4096];
        while (await reader.ReadAsync(part, cancel).ConfigureAwait(false) is > 0 and var count)
        {
            kept.Append(part, 0, Math.Min(count, MostCharacters - kept.Length));
        }

        return kept.ToString();
    }
}

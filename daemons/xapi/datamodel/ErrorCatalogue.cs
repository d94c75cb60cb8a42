using System.Collections.Immutable;

namespace Toolstack.Xapi.Datamodel;

/// <summary>An error code and the names of the parameters that follow it in ErrorDescription.</summary>
public sealed record ErrorCode(string Name, ImmutableArray<string> Parameters);

/// <summary>Every error that XenAPI declares. One line an error: its code and its parameters' names, <c>~</c> for a space in a name.</summary>
public static partial class ErrorCatalogue
{
    /// <summary>In the order of their names.</summary>
    public static ImmutableArray<ErrorCode> All => Table.Codes;

    /// <summary>The declaration of a code, or null.</summary>
    public static ErrorCode? Find(string name)
    {
        foreach (ErrorCode code in All)
        {
            if (code.Name == name)
            {
                return code;
            }
        }

        return null;
    }

    private static class Table
    {
        internal static readonly ImmutableArray<ErrorCode> Codes = [.. (AtoN + "\n" + OtoZ).Split('\n').Select(Parse)];

        private static ErrorCode Parse(string line)
        {
            string[] words = line.Trim().Split(' ');
            return new ErrorCode(words[0], [.. words.Skip(1).Select(w => w.Replace('~', ' '))]);
        }
    }
}

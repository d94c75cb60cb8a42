using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Cli;

/// <summary>A failure of XenAPI for people: its code, then one line for each parameter with the name the catalogue gives it.</summary>
public static class ErrorText
{
    public static string Of(XenApiError error)
    {
        ArgumentNullException.ThrowIfNull(error);
        var names = ErrorCatalogue.Find(error.Code)?.Parameters ?? [];
        var text = new StringBuilder();
        text.Append("Error code: ").Append(error.Code).Append('\n');
        for (var index = 0; index < Math.Max(error.Parameters.Length, names.Length); index++)
        {
            var name = index < names.Length ? names[index] : "<extra>";
            text.Append(name).Append(": ").Append(index < error.Parameters.Length ? error.Parameters[index] : "<unknown>").Append('\n');
        }

        return text.ToString();
    }
}

using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Cli;

/// <summary>A failure of XenAPI for people: its code, then one line for each parameter with the name the catalogue gives it.</summary>
public static class ErrorText
{
    private const string Reference = "OpaqueRef:";

    /// <summary>The same with references as people know objects: <c>uuid (name)</c>, where the object is still there.</summary>
    internal static async Task<string> OfAsync(XenApiError error, ObjectNames names, CancellationToken cancel)
    {
        var declared = ErrorCatalogue.Find(error.Code)?.Parameters ?? [];
        var parameters = error.Parameters;
        for (var index = 0; index < parameters.Length; index++)
        {
            // HANDLE_INVALID names the class before the reference, and nothing else would find the object.
            if (parameters[index].StartsWith(Reference, StringComparison.Ordinal) && index < declared.Length && error.Code != "HANDLE_INVALID"
                && Datamodel.Classes.FirstOrDefault(one => string.Equals(one.Name, declared[index], StringComparison.OrdinalIgnoreCase)) is { } target)
            {
                parameters = parameters.SetItem(index, await NamedAsync(target, parameters[index], names, cancel));
            }
        }

        return Of(new XenApiError(error.Code, parameters));
    }

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

    private static async Task<string> NamedAsync(XenClass target, string reference, ObjectNames names, CancellationToken cancel)
    {
        try
        {
            var value = new Value.Text(reference);
            var uuid = await names.UuidAsync(target.Name, value, cancel);
            return !Guid.TryParse(uuid, out _) ? reference
                : target.Field("name_label") is null ? uuid
                : $"{uuid} ({await names.NameAsync(target.Name, value, cancel)})";
        }
        catch (Exception error) when (error is XenApiError or ValueFormatException)
        {
            // The failure that is told matters; who it was about can be read from the reference.
            return reference;
        }
    }
}

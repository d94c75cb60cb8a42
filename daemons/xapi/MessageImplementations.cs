namespace Toolstack.Xapi;

/// <summary>Which object implements the explicit messages of each class: the one place where the rooms meet the dispatcher.</summary>
internal static class MessageImplementations
{
    internal static IReadOnlyDictionary<string, object> Build(XapiServices services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return new Dictionary<string, object>(StringComparer.Ordinal)
        {
        };
    }
}

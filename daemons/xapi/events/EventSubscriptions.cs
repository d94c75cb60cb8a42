using Toolstack.Idl;

namespace Toolstack.Xapi.Events;

/// <summary>What a client asked to hear of: everything, classes, single objects.</summary>
internal sealed class EventSubscriptions
{
    private readonly HashSet<string> classes = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> objects = new(StringComparer.Ordinal);
    private readonly HashSet<string> objectClasses = new(StringComparer.OrdinalIgnoreCase);
    private bool all;

    private EventSubscriptions() { }

    /// <summary>Only tasks are asked for: such a client waits for one operation and wants to know at once.</summary>
    internal bool OnlyTasks => !all && classes.All(IsTask) && objectClasses.All(IsTask) && classes.Count + objectClasses.Count > 0;

    /// <summary><c>*</c>, <c>class</c> (in any case) or <c>class/ref</c>. Raises EVENT_SUBSCRIPTION_PARSE_FAILURE [text].</summary>
    internal static EventSubscriptions Parse(IEnumerable<string> texts)
    {
        var result = new EventSubscriptions();
        foreach (string text in texts)
        {
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            if (text == "*")
            {
                result.all = true;
            }
            else if (text.Length == 0 || slash == 0)
            {
                throw new XenApiError("EVENT_SUBSCRIPTION_PARSE_FAILURE", text);
            }
            else if (slash < 0)
            {
                result.classes.Add(text);
            }
            else
            {
                result.objectClasses.Add(text[..slash]);
                result.objects.Add(Key(text[..slash], text[(slash + 1)..]));
            }
        }

        return result;
    }

    /// <summary>Every object of the class.</summary>
    internal bool HasClass(string name) => all || classes.Contains(name);

    /// <summary>At least one object of the class.</summary>
    internal bool Touches(string name) => HasClass(name) || objectClasses.Contains(name);

    internal bool Has(string className, string reference) => HasClass(className) || objects.Contains(Key(className, reference));

    private static string Key(string className, string reference) => className.ToLowerInvariant() + "/" + reference;

    private static bool IsTask(string name) => name.Equals("task", StringComparison.OrdinalIgnoreCase);
}

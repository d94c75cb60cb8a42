using System.Globalization;
using Toolstack.Idl;
using Toolstack.Idl.Generated;

namespace Toolstack.Xapi;

/// <summary>How much of XenAPI answers: by class, the messages on the wire and those that do what they say rather than answer NOT_IMPLEMENTED.
/// A message that was removed has its answer, so it counts.</summary>
internal static class ApiCoverage
{
    internal static void Write(TextWriter output)
    {
        HashSet<string> written = new(ImplementedMessages.Names, StringComparer.Ordinal);
        int messages = 0;
        int implemented = 0;
        Line(output, "class", "messages", "implemented");
        foreach (XenClass type in Datamodel.Datamodel.Classes)
        {
            int all = type.Messages.Length + ImplicitMessages.Of(type).Length;
            int answered = type.Messages.Count(m => m.Removed || written.Contains(m.FullName)) + ImplicitMessages.Of(type).Count(m => m.Removed || m.Kind is not (ImplicitKind.Create or ImplicitKind.Destroy) || written.Contains(m.FullName));
            messages += all;
            implemented += answered;
            Line(output, type.Name, Text(all), Text(answered));
        }

        Line(output, "all", Text(messages), Text(implemented));
    }

    private static void Line(TextWriter output, string name, string messages, string implemented) =>
        output.WriteLine($"{name,-22}{messages,10}{implemented,13}");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

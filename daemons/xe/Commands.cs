using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xe;

/// <summary>What a command does with a session.</summary>
internal delegate Task Command(Connection xapi, XeArguments arguments, TextWriter output, CancellationToken cancel);

/// <summary>Finds what a command means: life-cycle commands by their name, everything else from the classes of the datamodel.</summary>
internal static class Commands
{
    internal static Command Resolve(XeArguments arguments)
    {
        if (LifeCycle.Find(arguments.Command) is { } known)
        {
            return known.Run;
        }

        foreach (var (suffix, run) in Derived)
        {
            if (arguments.Command.EndsWith(suffix, StringComparison.Ordinal)
                && FindClass(arguments.Command[..^suffix.Length]) is { } xenClass)
            {
                return (xapi, words, output, cancel) => run(xapi, xenClass, words, output, cancel);
            }
        }

        throw new UsageException("unknown command " + arguments.Command);
    }

    /// <summary>The classes whose objects can be listed.</summary>
    internal static IEnumerable<XenClass> Listed => Datamodel.Classes.Where(xenClass => xenClass.InDatabase && xenClass.ExposesAll);

    private static readonly (string Suffix, Func<Connection, XenClass, XeArguments, TextWriter, CancellationToken, Task> Run)[] Derived =
    [
        ("-param-list", Records.ParamListAsync),
        ("-param-get", Records.ParamGetAsync),
        ("-param-set", Records.ParamSetAsync),
        ("-list", Records.ListAsync),
    ];

    private static XenClass? FindClass(string name) => Listed.FirstOrDefault(xenClass => FieldText.Command(xenClass) == name);
}

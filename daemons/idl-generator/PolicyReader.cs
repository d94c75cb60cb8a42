using Microsoft.CodeAnalysis;

namespace Toolstack.Idl.Generator;

/// <summary>Reads RunsOn, Locks and Reserves off a message and spells them as a MessagePolicy.</summary>
internal static class PolicyReader
{
    private const string Array = "global::System.Collections.Immutable.ImmutableArray";

    public static string Read(IMethodSymbol method, List<Problem> problems)
    {
        AttributeData? runs = method.Attribute("RunsOnAttribute");
        List<AttributeData> locks = [.. method.Attributes("LocksAttribute")];
        AttributeData? reserves = method.Attribute("ReservesAttribute");
        if (runs is null && locks.Count == 0 && reserves is null)
        {
            return "global::Toolstack.Idl.MessagePolicy.Default";
        }

        string where = RowModel.EnumMember("Where", (int)(runs?.ConstructorArguments[0].Value ?? 0));
        string? host = runs?.ConstructorArguments[1].Value as string;
        if (host is not null)
        {
            Index(method, host, problems);
        }

        string lockList = string.Join(", ", locks.Select(l => Lock(method, l, problems)));
        string reserve = reserves is null
            ? "null"
            : $"new global::Toolstack.Idl.ReservePolicy({Index(method, (string)reserves.ConstructorArguments[0].Value!, problems)}, {CodeWriter.Quote((string)reserves.ConstructorArguments[1].Value!)})";
        return $"new global::Toolstack.Idl.MessagePolicy({where}, {(host is null ? "null" : CodeWriter.Quote(host))}, {Array}.Create<global::Toolstack.Idl.LockPolicy>({lockList}), {reserve})";
    }

    private static string Lock(IMethodSymbol method, AttributeData attribute, List<Problem> problems)
    {
        string operation = CodeWriter.Quote((string)attribute.ConstructorArguments[0].Value!);
        int index = attribute.ConstructorArguments[1].Value is string argument ? Index(method, argument, problems) : 0;
        string cancels = string.Join(", ", attribute.NamedList("Cancels").Select(c => CodeWriter.Quote((string)c)));
        return $"new global::Toolstack.Idl.LockPolicy({index}, {operation}, {Array}.Create<string>({cancels}){(attribute.Named<string?>("Of", null) is { } field ? ", " + CodeWriter.Quote(field) : "")})";
    }

    /// <summary>The index of a parameter by its wire's name, the Call not counted.</summary>
    private static int Index(IMethodSymbol method, string name, List<Problem> problems)
    {
        for (int i = 1; i < method.Parameters.Length; i++)
        {
            if (method.Parameters[i].WireName() == name)
            {
                return i - 1;
            }
        }

        problems.Add(Problem.At(Diagnostics.UnknownArgument, method, method.Name, name));
        return 0;
    }
}

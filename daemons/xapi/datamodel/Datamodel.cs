using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The XenAPI as data: every class that is declared, from which the server derives the rest.</summary>
public static class Datamodel
{
    /// <summary>The version of the database schema, which clients see as the version of the datamodel.</summary>
    public const int SchemaMajor = 5;

    public const int SchemaMinor = 909;

    public static ImmutableArray<XenClass> Classes => Table.Classes;

    /// <summary>The class of that exact name, or null.</summary>
    public static XenClass? Find(string name)
    {
        foreach (XenClass candidate in Classes)
        {
            if (candidate.Name == name)
            {
                return candidate;
            }
        }

        return null;
    }

    private static class Table
    {
        internal static readonly ImmutableArray<XenClass> Classes =
        [
            session.Info, pool.Info, host.Info, host_metrics.Info, VM.Info, VM_metrics.Info, task.Info, @event.Info,
        ];
    }
}

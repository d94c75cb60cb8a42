using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>A message that can be called, declared or implicit, with what the dispatcher asks of it.</summary>
internal sealed record MessageEntry(XenClass Class, XenMessage? Message, ImplicitMessage? Implicit)
{
    internal string FullName => Message?.FullName ?? $"{Class.Name}.{Implicit!.Name}";

    internal ImmutableArray<XenParameter> Parameters => Message?.Parameters ?? Implicit!.Parameters;

    internal bool Session => Message?.Session ?? true;

    internal bool Async => Message?.Async ?? false;

    internal bool PoolInternal => Message?.PoolInternal ?? false;

    internal Role Role => Message?.Role ?? Implicit!.Role;

    internal ImmutableArray<Role> Also => Message?.Also ?? [];

    /// <summary>Whether a call has a row of class task even when it is synchronous.</summary>
    internal bool MakesTask => Async && Class.Name is not ("task" or "event" or "session");
}

/// <summary>Finds messages by their names on the wire: <c>Class.message</c> or <c>Class_message</c>.</summary>
internal sealed class MessageTable
{
    private readonly Dictionary<string, MessageEntry> byName = new(StringComparer.Ordinal);
    private readonly List<string> names = [];

    internal MessageTable(IEnumerable<XenClass> classes)
    {
        foreach (XenClass c in classes)
        {
            foreach (XenMessage message in c.Messages)
            {
                Add(new MessageEntry(c, message, null));
            }

            foreach (ImplicitMessage message in ImplicitMessages.Of(c))
            {
                Add(new MessageEntry(c, null, message));
            }
        }
    }

    internal MessageEntry? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>The result of system.listMethods.</summary>
    internal void WriteNames(ValueWriter writer)
    {
        writer.BeginArray(names.Count);
        foreach (string name in names)
        {
            writer.String(name);
        }

        writer.EndArray();
    }

    /// <summary>A declared message stands before the implicit one of the same name: it is the setter with an effect.</summary>
    private void Add(MessageEntry entry)
    {
        string name = entry.FullName;
        if (byName.TryAdd(name, entry))
        {
            names.Add(name);
            byName.TryAdd(string.Concat(entry.Class.Name, "_", name.AsSpan(entry.Class.Name.Length + 1)), entry);
        }
    }
}

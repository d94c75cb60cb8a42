using System.Collections.Concurrent;
using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>A message that can be called, declared or implicit, with what the dispatcher asks of it.</summary>
internal sealed record MessageEntry(XenClass Class, XenMessage? Message, ImplicitMessage? Implicit)
{
    internal string FullName => Message?.FullName ?? Implicit!.FullName;

    internal ImmutableArray<XenParameter> Parameters => Message?.Parameters ?? Implicit!.Parameters;

    internal bool Session => Message?.Session ?? true;

    internal bool Async => Message?.Async ?? Implicit!.Async;

    internal bool PoolInternal => Message?.PoolInternal ?? false;

    internal bool Removed => Message?.Removed ?? Implicit!.Removed;

    internal Role Role => Message?.Role ?? Implicit!.Role;

    internal ImmutableArray<Role> Also => Message?.Also ?? Implicit!.Also;

    /// <summary>Whether a call has a row of class task even when it is synchronous.</summary>
    internal bool MakesTask => Async && Class.Name is not ("task" or "event" or "session");
}

/// <summary>Finds messages by their names on the wire: <c>Class.message</c> or <c>Class_message</c>. A class is looked into when it is first asked for.</summary>
internal sealed class MessageTable(ImmutableArray<XenClass> classes)
{
    /// <summary>What was found before, which is no more than there is.</summary>
    private readonly ConcurrentDictionary<string, MessageEntry> known = new(StringComparer.Ordinal);

    internal MessageEntry? Find(string name)
    {
        if (known.TryGetValue(name, out MessageEntry? before))
        {
            return before;
        }

        foreach (XenClass c in classes)
        {
            // The separator decides between VM and VM_metrics: VM_metrics.get_record names no message of VM.
            if (name.Length > c.Name.Length + 1 && name[c.Name.Length] is '.' or '_' && name.StartsWith(c.Name, StringComparison.Ordinal)
                && Find(c, name[(c.Name.Length + 1)..]) is { } entry)
            {
                known.TryAdd(name, entry);
                return entry;
            }
        }

        return null;
    }

    /// <summary>The result of system.listMethods: what clients may call, whatever it answers.</summary>
    internal void WriteNames(ValueWriter writer)
    {
        List<string> names = [];
        foreach (XenClass c in classes)
        {
            names.AddRange(c.Messages.Where(static m => !m.PoolInternal).Select(static m => m.FullName));
            names.AddRange(ImplicitMessages.Of(c).Select(static m => m.FullName));
        }

        writer.BeginArray(names.Count);
        foreach (string name in names)
        {
            writer.String(name);
        }

        writer.EndArray();
    }

    private static MessageEntry? Find(XenClass c, string message)
    {
        foreach (XenMessage declared in c.Messages)
        {
            if (declared.Name == message)
            {
                return new MessageEntry(c, declared, null);
            }
        }

        return ImplicitMessages.Find(c, message) is { } found ? new MessageEntry(c, null, found) : null;
    }
}

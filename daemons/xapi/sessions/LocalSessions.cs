using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Sessions;

/// <summary>Sessions of this host alone: in memory, on members too, so that a host whose coordinator is gone can be told what to do.
/// They may do everything.</summary>
internal sealed class LocalSessions
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, string> users = new(StringComparer.Ordinal);
    private readonly Queue<string> order = new();

    internal Ref<session> Create(string user)
    {
        Ref<session> self = Ref<session>.New();
        lock (gate)
        {
            while (users.Count >= SessionLimits.MaxLocalSessions && order.TryDequeue(out string? oldest))
            {
                users.Remove(oldest);
            }

            users.Add(self.ToString(), user);
            order.Enqueue(self.ToString());
        }

        return self;
    }

    /// <summary>The user, or null when it is no local session.</summary>
    internal string? Find(string reference)
    {
        lock (gate)
        {
            return users.GetValueOrDefault(reference);
        }
    }

    /// <summary>False when it is no local session.</summary>
    internal bool Remove(string reference)
    {
        lock (gate)
        {
            if (order.Count > 4 * SessionLimits.MaxLocalSessions)
            {
                string[] left = [.. order.Where(users.ContainsKey)];
                order.Clear();
                Array.ForEach(left, order.Enqueue);
            }

            return users.Remove(reference);
        }
    }
}

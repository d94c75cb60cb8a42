using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Sessions;

/// <summary>Ends sessions that nobody has used for a day, and the longest unused ones of a group that has too many. A session whose tasks
/// are unfinished, or that such a session descends from, stays.</summary>
internal sealed class SessionCollector(XapiDatabase database)
{
    internal static readonly TimeSpan KeepIdle = TimeSpan.FromHours(24);
    internal const int MaxPoolSessions = 400;
    internal const int MaxAnonymous = 400;
    internal const int MaxPerUser = 500;
    private const string Anonymous = "";
    private const string Pool = "pool";

    /// <summary>One pass; returns how many were ended.</summary>
    internal async Task<int> RunAsync(DateTimeOffset now, CancellationToken cancel)
    {
        IReadOnlyList<KeyValuePair<Ref<session>, session>> sessions = await database.GetAll<session>(cancel).ConfigureAwait(false);
        HashSet<Ref<session>> busy = await BusyAsync(sessions, cancel).ConfigureAwait(false);
        HashSet<Ref<session>> doomed = [.. sessions.Where(s => !busy.Contains(s.Key) && now - s.Value.last_active > KeepIdle).Select(static s => s.Key)];
        foreach (IGrouping<string, KeyValuePair<Ref<session>, session>> group in sessions.Where(s => !doomed.Contains(s.Key)).GroupBy(static s => Group(s.Value)))
        {
            int most = group.Key switch
            {
                Pool => MaxPoolSessions,
                Anonymous => MaxAnonymous,
                _ => MaxPerUser,
            };
            int surplus = group.Count() - most;
            if (surplus > 0)
            {
                doomed.UnionWith(group.Where(s => !busy.Contains(s.Key)).OrderBy(static s => s.Value.last_active).Take(surplus).Select(static s => s.Key));
            }
        }

        foreach (Ref<session> self in doomed)
        {
            await database.Destroy(self, cancel).ConfigureAwait(false);
        }

        return doomed.Count;
    }

    /// <summary>Programs of root, or of nobody in particular, tell themselves apart by their originator.</summary>
    private static string Group(session row) =>
        row.pool ? Pool
        : row.auth_user_name is not ("" or "root") ? "user " + row.auth_user_name
        : row.originator.Length > 0 ? "originator " + row.originator
        : row.auth_user_name.Length > 0 ? "user root"
        : Anonymous;

    private async Task<HashSet<Ref<session>>> BusyAsync(IReadOnlyList<KeyValuePair<Ref<session>, session>> sessions, CancellationToken cancel)
    {
        Dictionary<Ref<session>, session> rows = sessions.ToDictionary();
        HashSet<Ref<session>> busy = [];
        foreach (KeyValuePair<Ref<task>, task> entry in await database.GetAll<task>(cancel).ConfigureAwait(false))
        {
            Ref<session> at = entry.Value.session;
            while (entry.Value.status == task_status_type.pending && busy.Add(at) && rows.TryGetValue(at, out session? row))
            {
                at = row.parent;
            }
        }

        return busy;
    }
}

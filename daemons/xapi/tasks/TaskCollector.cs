using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Tasks;

/// <summary>Removes tasks nobody will ask for: complete ones after a while, stuck ones after a day, the oldest complete ones beyond a number.</summary>
internal sealed class TaskCollector(XapiDatabase database)
{
    internal static readonly TimeSpan KeepCompleted = TimeSpan.FromMinutes(65);
    internal static readonly TimeSpan KeepPending = TimeSpan.FromHours(24);
    internal const int MaxTasks = 200;

    private Dictionary<Ref<task>, double> lastProgress = [];

    /// <summary>One pass; returns how many were removed.</summary>
    internal async Task<int> RunAsync(DateTimeOffset now, CancellationToken cancel)
    {
        IReadOnlyList<KeyValuePair<Ref<task>, task>> tasks = await database.GetAll<task>(cancel).ConfigureAwait(false);
        HashSet<Ref<task>> doomed = [];
        Dictionary<Ref<task>, double> progress = [];
        foreach ((Ref<task> self, task row) in tasks)
        {
            if (row.status != task_status_type.pending)
            {
                if (now - row.finished > KeepCompleted)
                {
                    doomed.Add(self);
                }
            }
            else if (now - row.created > KeepPending)
            {
                progress[self] = row.progress;
                if (lastProgress.TryGetValue(self, out double before) && before.Equals(row.progress))
                {
                    doomed.Add(self);
                }
            }
        }

        lastProgress = progress;
        int surplus = tasks.Count - doomed.Count - MaxTasks;
        doomed.UnionWith(tasks
            .Where(t => t.Value.status != task_status_type.pending && !doomed.Contains(t.Key))
            .OrderBy(static t => t.Value.finished)
            .Take(Math.Max(surplus, 0))
            .Select(static t => t.Key));
        foreach (Ref<task> self in doomed)
        {
            await database.Destroy(self, cancel).ConfigureAwait(false);
        }

        return doomed.Count;
    }
}

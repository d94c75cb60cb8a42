using System.Diagnostics;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Events;

/// <summary>
/// The older way to hear of changes: a session registers for classes, and each call of event.next returns what has changed since the one
/// before. Where a session stands is a generation, so that no queue grows for a client that does not come back.
/// </summary>
internal sealed class EventRegistrations(IChangeLog log, IReadOnlyList<XenClass> classes)
{
    private const int MaxRegistrations = 4096;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Registration> sessions = new(StringComparer.Ordinal);

    /// <summary>Adds classes to those of the session; <c>*</c> for all.</summary>
    internal void Register(string session, IEnumerable<string> wanted)
    {
        lock (gate)
        {
            if (!sessions.TryGetValue(session, out Registration? registration))
            {
                if (sessions.Count >= MaxRegistrations)
                {
                    sessions.Remove(sessions.MinBy(static s => s.Value.LastUsed).Key);
                }

                sessions.Add(session, registration = new Registration { Position = log.Generation });
            }

            registration.Classes.UnionWith(wanted);
            registration.LastUsed = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>Takes classes away again. Without any left the session is not registered.</summary>
    internal void Unregister(string session, IEnumerable<string> unwanted)
    {
        lock (gate)
        {
            if (sessions.TryGetValue(session, out Registration? registration))
            {
                registration.Classes.ExceptWith(unwanted);
                if (registration.Classes.Count == 0)
                {
                    sessions.Remove(session);
                }
            }
        }
    }

    /// <summary>Waits for the next changes, without limit. Raises SESSION_NOT_REGISTERED [session], and EVENTS_LOST when changes can no longer
    /// be told: the session then stands at the present.</summary>
    internal async Task<IReadOnlyList<XenEvent>> NextAsync(string session, Func<ValueTask> check, CancellationToken cancel)
    {
        while (true)
        {
            await check().ConfigureAwait(false);
            IDatabaseView view = log.View;
            lock (gate)
            {
                if (!sessions.TryGetValue(session, out Registration? registration))
                {
                    throw new XenApiError("SESSION_NOT_REGISTERED", session);
                }

                long since = registration.Position;
                registration.Position = view.Generation;
                registration.LastUsed = Stopwatch.GetTimestamp();
                List<XenEvent> events = Changes(view, registration.Classes, since);
                if (events.Count > 0)
                {
                    return events;
                }
            }

            await log.WaitForChangeAsync(view.Generation, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The array that event.next returns.</summary>
    internal static void Write(ValueWriter writer, IReadOnlyList<XenEvent> events)
    {
        string now = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("F1", CultureInfo.InvariantCulture);
        writer.BeginArray(events.Count);
        foreach (XenEvent e in events)
        {
            EventBatch.Write(writer, e, now, share: true);
        }

        writer.EndArray();
    }

    private List<XenEvent> Changes(IDatabaseView view, HashSet<string> wanted, long since)
    {
        List<XenEvent> events = [];
        foreach (XenClass c in classes.Where(c => c.InDatabase && c.Events && (wanted.Contains("*") || wanted.Contains(c.Name))))
        {
            if (view.ForgottenUpTo(c) > since)
            {
                throw new XenApiError("EVENTS_LOST");
            }

            events.AddRange(view.ChangedSince(c, since).Select(r => new XenEvent(c, r.Created > since ? "add" : "mod", r.Reference, r.Row, r.Modified)));
            events.AddRange(view.Deleted(c).Where(d => d.Deleted > since && d.Created <= since).Select(d => new XenEvent(c, "del", d.Reference, d.Row, d.Deleted)));
        }

        events.Sort(static (a, b) => a.Generation.CompareTo(b.Generation));
        return events;
    }

    private sealed class Registration
    {
        internal HashSet<string> Classes { get; } = new(StringComparer.OrdinalIgnoreCase);

        internal long Position { get; set; }

        internal long LastUsed { get; set; }
    }
}

using Microsoft.Extensions.Logging;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;

namespace Toolstack.Xapi;

/// <summary>The coordinator's periodic collection of old tasks and sessions.</summary>
internal static class Housekeeping
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Runs until cancelled.</summary>
    internal static async Task RunAsync(XapiServices services, ILogger logger, CancellationToken cancel)
    {
        var tasks = new TaskCollector(services.Database);
        var sessions = new SessionCollector(services.Database);
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
            {
                await OnceAsync(tasks, sessions, logger, cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private static async Task OnceAsync(TaskCollector tasks, SessionCollector sessions, ILogger logger, CancellationToken cancel)
    {
        try
        {
            int goneTasks = await tasks.RunAsync(DateTimeOffset.UtcNow, cancel).ConfigureAwait(false);
            int goneSessions = await sessions.RunAsync(DateTimeOffset.UtcNow, cancel).ConfigureAwait(false);
            if (goneTasks + goneSessions > 0)
            {
                Log.Collected(logger, goneTasks, goneSessions);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException) // the loop that owns the collection: the next round tries again
        {
            Log.CollectingFailed(logger, error);
        }
    }
}

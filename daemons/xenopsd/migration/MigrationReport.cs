using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Migration;

/// <summary>What a source tells of a migration that is over.</summary>
internal static class MigrationReport
{
    private const double BytesPerMib = 1 << 20;

    /// <summary>For the log and for the task's debug_info: each pass, then the whole.</summary>
    internal static void Write(Operation.VM_migrate operation, RunContext context, ILogger logger)
    {
        if (context.Sent is { } sent)
        {
            for (int i = 0; i < sent.Passes.Count; i++)
            {
                var pass = sent.Passes[i];
                double passMib = pass.Bytes / BytesPerMib;
                Log.Pass(
                    logger, operation.Vm, i + 1, pass.Pages, pass.ZeroPages, passMib, (long)pass.Duration.TotalMilliseconds, passMib / pass.Duration.TotalSeconds, pass.DirtyPages);
                context.Task.Tell($"pass_{i + 1}", string.Create(
                    CultureInfo.InvariantCulture,
                    $"pages={pass.Pages} zero={pass.ZeroPages} bytes={pass.Bytes} ms={pass.Duration.TotalMilliseconds:0} dirtied={pass.DirtyPages}"));
            }

            context.Task.Tell("migration", string.Create(
                CultureInfo.InvariantCulture,
                $"bytes={sent.BytesSent} ms={sent.Duration.TotalMilliseconds:0} downtime_ms={sent.Downtime.TotalMilliseconds:0} stop={sent.StopReason}"));
            double mib = sent.BytesSent / BytesPerMib;
            double seconds = sent.Duration.TotalSeconds;
            Log.Migrated(
                logger, operation.Vm, operation.Destination.Authority, mib, sent.Passes.Count, seconds, mib / seconds, sent.Downtime.TotalMilliseconds);
        }
    }
}

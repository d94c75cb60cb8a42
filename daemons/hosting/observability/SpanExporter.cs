using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>Listens to the daemon's spans and gives them, some at a time, to a collector (OTLP over HTTP, JSON). A collector that is away
/// costs spans, which are counted, and nothing else.</summary>
internal sealed class SpanExporter : IAsyncDisposable
{
    private readonly CollectorUrl collector;
    private readonly string daemon;
    private readonly string version;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly ActivityListener listener;
    private readonly Task exporting;
    private readonly Channel<Activity> ended = Channel.CreateBounded<Activity>(
        new BoundedChannelOptions(HostingLimits.MaxWaitingSpans) { SingleReader = true });

    private long lost;
    private bool failing;

    internal SpanExporter(CollectorUrl collector, string daemon, string version, ILogger logger)
    {
        this.collector = collector;
        this.daemon = daemon;
        this.version = version;
        this.logger = logger;
        listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name is Spans.SourceName or Spans.OperationSourceName or Spans.HypercallSourceName,

            // A caller who traces decides whether his call is recorded; a call that begins here always is.
            Sample = static (ref ActivityCreationOptions<ActivityContext> asked) =>
                asked.Parent == default || asked.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.PropagationData,
            ActivityStopped = Ended,
        };
        ActivitySource.AddActivityListener(listener);
        exporting = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        ended.Writer.TryComplete();
        await stopping.CancelAsync().ConfigureAwait(false);
        await exporting.ConfigureAwait(false);
        stopping.Dispose();
    }

    private void Ended(Activity span)
    {
        if (span.Recorded && !ended.Writer.TryWrite(span))
        {
            Interlocked.Increment(ref lost);
        }
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested && await WaitAsync().ConfigureAwait(false))
        {
            // More of the same trace will have ended by then.
            await Task.Delay(HostingLimits.ExportInterval, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ExportAsync(HostingLimits.ExportDeadline).ConfigureAwait(false);
        }

        await ExportAsync(HostingLimits.LastExportDeadline).ConfigureAwait(false);
    }

    private async Task<bool> WaitAsync()
    {
        try
        {
            return await ended.Reader.WaitToReadAsync(stopping.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task ExportAsync(TimeSpan deadline)
    {
        using var limit = new CancellationTokenSource(deadline);
        var batch = new List<Activity>();
        while (ended.Reader.TryRead(out var span))
        {
            batch.Add(span);
            if (batch.Count == HostingLimits.MaxSpansInExport || !ended.Reader.TryPeek(out _))
            {
                await SendAsync(batch, limit.Token).ConfigureAwait(false);
                batch.Clear();
            }
        }

        if (Interlocked.Exchange(ref lost, 0) is > 0 and var count)
        {
            Log.SpansLost(logger, count);
        }
    }

    private async Task SendAsync(List<Activity> batch, CancellationToken cancel)
    {
        var body = new ArrayBufferWriter<byte>(4096);
        OtlpJson.Write(body, daemon, version, batch);
        try
        {
            await collector.PostAsync(body.WrittenMemory, cancel).ConfigureAwait(false);
            failing = false;
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            Interlocked.Add(ref lost, batch.Count);
            if (!failing)
            {
                failing = true;
                Log.ExportFailed(logger, collector.Text, error.Message);
            }
        }
    }
}

using System.Diagnostics;

namespace Toolstack.Hosting;

/// <summary>The spans of a call's way through the daemons, as <see cref="Activity"/>s. Nobody listens unless an endpoint is configured
/// (<see cref="CommonKeys.OtlpEndpoint"/>); then starting one is a look at a field and gives null.</summary>
public static class Spans
{
    /// <summary>The source of the daemons' spans.</summary>
    public const string SourceName = "toolstack";

    /// <summary>The source of the spans of xenopsd's operations and their steps.</summary>
    public const string OperationSourceName = "xenopsd";

    /// <summary>The source of the spans of hypercalls to a Xen.</summary>
    public const string HypercallSourceName = "hypercall";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether spans are made at all.</summary>
    public static bool On => Source.HasListeners();

    /// <summary>The start of work for a caller in another process; <paramref name="traceParent"/> is his place in the trace (W3C
    /// traceparent), null or empty where he has none.</summary>
    public static Activity? Serve(string name, string? traceParent)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        return ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent)
            ? Source.StartActivity(name, ActivityKind.Server, parent)
            : Source.StartActivity(name, ActivityKind.Server);
    }

    /// <summary>The start of a call to another process, called <paramref name="what"/> and <paramref name="whom"/>, as a part of the work under
    /// way; nothing outside of any.</summary>
    public static Activity? Call(string what, string whom) =>
        Source.HasListeners() && Activity.Current is not null ? Source.StartActivity($"{what} {whom}", ActivityKind.Client) : null;

    /// <summary>What lasted from <paramref name="began"/> until now, known only at its end; <paramref name="traceParent"/> as for <see cref="Serve"/>.</summary>
    public static void Past(string name, string traceParent, DateTime began, string key, string value)
    {
        if (!Source.HasListeners() || !ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent))
        {
            return;
        }

        using var span = Source.CreateActivity(name, ActivityKind.Internal, parent);
        span?.SetTag(key, value).SetStartTime(began).Start();
    }

    /// <summary>The place in the trace that the work under way has, for whoever works on in another process; null when it has none.</summary>
    public static string? TraceParent =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C, Recorded: true, Id: { } id } ? id : null;
}

using System.Diagnostics;
using Toolstack.Xenopsd.Atomics;

namespace Toolstack.Xenopsd.Executor;

/// <summary>The spans of xenopsd: one for each operation, one inside it for each plain step, under the caller's span when its debug_info
/// carries one (<c>log text\n00-trace-span-flags</c>). Without a listener nothing is made.</summary>
public static class Tracing
{
    public const string SourceName = Toolstack.Hosting.Spans.OperationSourceName;

    private static readonly ActivitySource Source = new(SourceName);

    internal static Activity? Operation(string name, string vm, string debugInfo)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        ActivityContext.TryParse(TraceParent(debugInfo), null, isRemote: true, out var parent);
        var span = Source.StartActivity(name, ActivityKind.Server, parent);
        span?.SetTag("vm", vm);
        return span;
    }

    internal static Activity? Atomic(Atomic atomic, XenopsTask task)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var span = Source.StartActivity(AtomicText.Name(atomic), ActivityKind.Internal, task.Span?.Context ?? default);
        span?.SetTag("vm", atomic.VmId);
        if (atomic is Atomic.OfDevice device)
        {
            span?.SetTag("device", device.Device.Device);
        }

        return span;
    }

    /// <summary>What of a debug_info is meant for logs.</summary>
    internal static string LogText(string debugInfo) => TraceParent(debugInfo) is null ? debugInfo : debugInfo[..debugInfo.IndexOf('\n', StringComparison.Ordinal)];

    /// <summary>The trace context behind the log text: a bare one, or the member <c>traceparent</c> of a JSON object; more than one line break
    /// makes everything log text (xenops protocol).</summary>
    internal static string? TraceParent(string debugInfo)
    {
        int end = debugInfo.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0 || debugInfo.IndexOf('\n', end + 1) >= 0)
        {
            return null;
        }

        string trace = debugInfo[(end + 1)..];
        if (!trace.StartsWith('{'))
        {
            return trace;
        }

        try
        {
            return Idl.Json.JsonValueReader.Parse(System.Text.Encoding.UTF8.GetBytes(trace)) is Idl.Value.Struct { } members
                && members.Find("traceparent") is Idl.Value.Text { Content: var parent }
                ? parent
                : null;
        }
        catch (Idl.WireFormatException)
        {
            return null;
        }
    }
}

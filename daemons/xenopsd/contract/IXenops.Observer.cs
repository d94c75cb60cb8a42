using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Tracing. An observer is a set of attributes that spans are given while it is enabled. The wire names a parameter of these calls
/// by its type, and the first one <c>dbg</c>.</summary>
public partial interface IXenops
{
    [WireName("Observer.create"), RetrySafe]
    Task ObserverCreate(
        string dbg, string uuid, string name_label, [WireName("dict")] ImmutableSortedDictionary<string, string> attributes,
        ImmutableArray<string> endpoints, [WireName("bool")] bool enabled, CancellationToken cancel);

    [WireName("Observer.destroy"), RetrySafe] Task ObserverDestroy(string dbg, string uuid, CancellationToken cancel);
    [WireName("Observer.set_enabled"), RetrySafe] Task ObserverSetEnabled(string dbg, string uuid, [WireName("bool")] bool enabled, CancellationToken cancel);

    [WireName("Observer.set_attributes"), RetrySafe]
    Task ObserverSetAttributes(string dbg, string uuid, [WireName("dict")] ImmutableSortedDictionary<string, string> attributes, CancellationToken cancel);

    [WireName("Observer.set_endpoints"), RetrySafe]
    Task ObserverSetEndpoints(string dbg, string uuid, ImmutableArray<string> endpoints, CancellationToken cancel);

    [WireName("Observer.init"), RetrySafe] Task ObserverInit(string dbg, CancellationToken cancel);
    [WireName("Observer.set_trace_log_dir"), RetrySafe] Task ObserverSetTraceLogDir(string dbg, [WireName("string")] string directory, CancellationToken cancel);
    /// <summary>Seconds between two exports.</summary>
    [WireName("Observer.set_export_interval"), RetrySafe] Task ObserverSetExportInterval(string dbg, [WireName("float")] double interval, CancellationToken cancel);
    [WireName("Observer.set_export_chunk_size"), RetrySafe] Task ObserverSetExportChunkSize(string dbg, [WireName("int")] long spans, CancellationToken cancel);
    [WireName("Observer.set_max_spans"), RetrySafe] Task ObserverSetMaxSpans(string dbg, [WireName("int")] long spans, CancellationToken cancel);
    [WireName("Observer.set_max_traces"), RetrySafe] Task ObserverSetMaxTraces(string dbg, [WireName("int")] long traces, CancellationToken cancel);
    [WireName("Observer.set_max_depth"), RetrySafe] Task ObserverSetMaxDepth(string dbg, [WireName("int")] long depth, CancellationToken cancel);
    /// <summary>Bytes.</summary>
    [WireName("Observer.set_max_file_size"), RetrySafe] Task ObserverSetMaxFileSize(string dbg, [WireName("int")] long bytes, CancellationToken cancel);
    [WireName("Observer.set_host_id"), RetrySafe] Task ObserverSetHostId(string dbg, [WireName("string")] string host, CancellationToken cancel);
    [WireName("Observer.set_compress_tracing_files"), RetrySafe] Task ObserverSetCompressTracingFiles(string dbg, [WireName("bool")] bool enabled, CancellationToken cancel);
}

using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

/// <summary>Tracing, as configured through <see cref="Observers"/>.</summary>
public sealed partial class XenopsService
{
    public Task ObserverCreate(
        string dbg, string uuid, string name_label, ImmutableSortedDictionary<string, string> attributes, ImmutableArray<string> endpoints, bool enabled,
        CancellationToken cancel)
    {
        engine.Observers.Create(uuid, new Observer(name_label, attributes, endpoints, enabled));
        return Task.CompletedTask;
    }

    public Task ObserverDestroy(string dbg, string uuid, CancellationToken cancel)
    {
        engine.Observers.Destroy(uuid);
        return Task.CompletedTask;
    }

    public Task ObserverSetEnabled(string dbg, string uuid, bool enabled, CancellationToken cancel) => Change(uuid, o => o with { Enabled = enabled });

    public Task ObserverSetAttributes(string dbg, string uuid, ImmutableSortedDictionary<string, string> attributes, CancellationToken cancel) =>
        Change(uuid, o => o with { Attributes = attributes });

    public Task ObserverSetEndpoints(string dbg, string uuid, ImmutableArray<string> endpoints, CancellationToken cancel) =>
        Change(uuid, o => o with { Endpoints = endpoints });

    public Task ObserverInit(string dbg, CancellationToken cancel) => Task.CompletedTask;

    public Task ObserverSetTraceLogDir(string dbg, string directory, CancellationToken cancel) => Configure(s => s with { Directory = directory });

    public Task ObserverSetExportInterval(string dbg, double interval, CancellationToken cancel) =>
        Configure(s => s with { ExportInterval = Seconds(interval) ?? TimeSpan.Zero });

    public Task ObserverSetExportChunkSize(string dbg, long spans, CancellationToken cancel) => Configure(s => s with { ExportChunkSize = spans });

    public Task ObserverSetMaxSpans(string dbg, long spans, CancellationToken cancel) => Configure(s => s with { MaxSpans = spans });

    public Task ObserverSetMaxTraces(string dbg, long traces, CancellationToken cancel) => Configure(s => s with { MaxTraces = traces });

    public Task ObserverSetMaxDepth(string dbg, long depth, CancellationToken cancel) => Configure(s => s with { MaxDepth = depth });

    public Task ObserverSetMaxFileSize(string dbg, long bytes, CancellationToken cancel) => Configure(s => s with { MaxFileSize = bytes });

    public Task ObserverSetHostId(string dbg, string host, CancellationToken cancel) => Configure(s => s with { HostId = host });

    public Task ObserverSetCompressTracingFiles(string dbg, bool enabled, CancellationToken cancel) => Configure(s => s with { Compress = enabled });

    private Task Change(string uuid, Func<Observer, Observer> change)
    {
        engine.Observers.Change(uuid, change);
        return Task.CompletedTask;
    }

    private Task Configure(Func<ObserverSettings, ObserverSettings> change)
    {
        engine.Observers.Configure(change);
        return Task.CompletedTask;
    }
}

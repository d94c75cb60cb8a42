using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

/// <summary>Tests that change what the whole process does: no other test runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeProcess
{
    public const string Name = "whole process";
}

/// <summary>Spans on their way to a collector.</summary>
[Collection(WholeProcess.Name)]
public sealed class SpanExporterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task WithoutAnExporterNothingIsMade()
    {
        Assert.False(Spans.On);
        Assert.Null(Spans.Serve("VM.start", null));
        Assert.Null(Spans.Call("send", "queue"));
        Assert.Null(Spans.TraceParent);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task ASpanHasItsPlaceItsTimesAndWhatBecameOfIt()
    {
        const string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await using var collector = new Collector();
        string place;
        await using (new SpanExporter(CollectorUrl.Parse(collector.Url)!, "xapi", "1.2.3", NullLogger.Instance))
        {
            using var call = Spans.Serve("VM.start", parent)!;
            call.SetTag("task", "OpaqueRef:1");
            call.SetStatus(ActivityStatusCode.Error, "VM_BAD_POWER_STATE");
            place = Spans.TraceParent!;
            Spans.Call("send", "queue")!.Dispose();
        }

        // The exporter's end is the last export.
        var spans = await collector.WaitAsync(static spans => spans.Count == 2, Patience);
        var start = Assert.Single(spans, static span => span.Name == "VM.start");
        var send = Assert.Single(spans, static span => span.Name == "send queue");
        Assert.Equal(("xapi", "toolstack", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"), (start.Service, start.Scope, start.Trace, start.Parent));
        Assert.Equal((start.Trace, start.Id), (send.Trace, send.Parent));
        Assert.Equal($"00-{start.Trace}-{start.Id}-01", place);
        Assert.Equal((2, 3), (start.Json.GetProperty("kind").GetInt32(), send.Json.GetProperty("kind").GetInt32()));
        var status = start.Json.GetProperty("status");
        Assert.Equal((2, "VM_BAD_POWER_STATE"), (status.GetProperty("code").GetInt32(), status.GetProperty("message").GetString()));
        Assert.Contains("{\"key\":\"task\",\"value\":{\"stringValue\":\"OpaqueRef:1\"}}", start.Json.GetRawText(), StringComparison.Ordinal);
        var (began, ended) = (Nanoseconds("startTimeUnixNano"), Nanoseconds("endTimeUnixNano"));
        Assert.True(began > 0 && ended >= began);

        long Nanoseconds(string name) => long.Parse(start.Json.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task ACallerWhoDoesNotTraceIsNotRecorded()
    {
        await using var collector = new Collector();
        await using (new SpanExporter(CollectorUrl.Parse(collector.Url)!, "xapi", "1.2.3", NullLogger.Instance))
        {
            using (Spans.Serve("not asked for", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"))
            {
                Assert.Null(Spans.TraceParent);
            }

            Spans.Serve("of its own", null)!.Dispose();
        }

        Assert.Equal("of its own", Assert.Single(await collector.WaitAsync(static spans => spans.Count > 0, Patience)).Name);
    }

    [Fact]
    public async Task ACollectorThatRefusesCostsItsSpansOnly()
    {
        await using var collector = new Collector { Status = 503 };
        await using var exporter = new SpanExporter(CollectorUrl.Parse(collector.Url)!, "xapi", "1.2.3", NullLogger.Instance);
        Spans.Serve("lost", null)!.Dispose();
        await Task.Delay(HostingLimits.ExportInterval * 2);
        collector.Status = 200;
        Spans.Serve("kept", null)!.Dispose();
        Assert.Contains(await collector.WaitAsync(static spans => spans.Any(span => span.Name == "kept"), Patience), static span => span.Name == "kept");
    }
}

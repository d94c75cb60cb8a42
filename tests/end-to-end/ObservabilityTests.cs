using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Toolstack.Tests.Hosting;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool that gives its spans to a collector of the test.</summary>
public sealed class TracedFixture : PoolFixture
{
    private readonly Collector collector = new();

    internal Collector Collector => collector;

    protected override PoolOptions Options => new() { CommonLines = [$"otlp-endpoint = {collector.Url}"] };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await collector.DisposeAsync();
    }
}

/// <summary>What an administrator sees of a call: one trace from the client to the hypercalls, and counts in every daemon's metrics.</summary>
public sealed class ObservabilityTests(TracedFixture fixture) : DeadlineTests, IClassFixture<TracedFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AStartIsOneTraceFromTheCallToTheHypercalls()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 16, host: 2);
        var spans = await fixture.Collector.WaitAsync(
            static all => Traces(all, "VM.start_on").Any(IsComplete), Patience);
        var trace = Traces(spans, "VM.start_on").First(IsComplete);

        // The coordinator's call, sent on to the other host's xapi, through the switch to xenopsd, and down to the hypervisor.
        var create = trace.First(static span => span.Name == "hypercall create");
        var path = new List<Collector.Span>();
        for (var span = create; span is not null; span = trace.FirstOrDefault(other => other.Id == span.Parent))
        {
            path.Add(span);
        }

        path.Reverse();
        Assert.Equal(
            ["xapi VM.start_on", "xapi forward VM.start_on", "xapi VM.start_on", "xenopsd VM_start"],
            path.Take(4).Select(static span => $"{span.Service} {span.Name}"));
        Assert.All(path.Skip(4), static span => Assert.Equal("xenopsd", span.Service));
        Assert.Contains(trace, static span => span is { Service: "xapi", Name: ['s', 'e', 'n', 'd', ' ', ..] });
        Assert.Contains(trace, static span => span is { Service: "message-switch", Name: "in queue" });
        Assert.Contains(trace, static span => span is { Service: "xenopsd", Name: "process VM.start" });
    }

    [Fact]
    public async Task EveryDaemonCountsItsWork()
    {
        await using (await fixture.StartVmAsync(Cancel, memoryMib: 16, host: 1))
        {
            var host = fixture.Pool.Coordinator;
            var xapi = await MetricsReader.ReadAsync(host.MetricsSocket("xapi"), Cancel);
            Assert.True(Value(xapi, "xapi_calls_total{message=\"VM.start_on\"}") >= 1);
            Assert.True(Value(xapi, "xapi_database_rows{class=\"host\"}") == 2);
            var xenopsd = await MetricsReader.ReadAsync(host.MetricsSocket("xenopsd"), Cancel);
            Assert.True(Value(xenopsd, "xenopsd_operations_total{operation=\"VM_start\"}") >= 1);
            Assert.True(Value(xenopsd, "xenopsd_domains") >= 1);
            Assert.True(Value(await MetricsReader.ReadAsync(host.MetricsSocket("message-switch"), Cancel), "switch_requests_total") >= 1);
            foreach (var daemon in host.Daemons)
            {
                Assert.True(Value(await MetricsReader.ReadAsync(host.MetricsSocket(daemon.Name), Cancel), "process_resident_memory_bytes") > 1_000_000);
            }
        }
    }

    /// <summary>Every daemon has exported its part of a start on the other host.</summary>
    private static bool IsComplete(List<Collector.Span> trace) =>
        trace.Any(static span => span.Name == "hypercall create") && trace.Any(static span => span.Name == "forward VM.start_on")
        && trace.Any(static span => span.Service == "message-switch") && trace.Any(static span => span.Name == "process VM.start")
        && trace.Any(static span => span.Name == "VM_start") && trace.Count(static span => span is { Service: "xapi", Name: "VM.start_on" }) == 2;

    private static IEnumerable<List<Collector.Span>> Traces(IReadOnlyList<Collector.Span> spans, string root) => spans
        .Where(span => span.Name == root && span.Parent.Length == 0).Select(span => spans.Where(other => other.Trace == span.Trace).ToList());

    private static double Value(string page, string name) =>
        double.Parse(page.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
}

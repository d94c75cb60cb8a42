using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Toolstack.Tests.Hosting;

/// <summary>A small collector of spans: takes OTLP over HTTP with JSON and keeps what it was given.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task serving;

    internal Collector()
    {
        listener.Start();
        serving = Task.Run(RunAsync);
    }

    internal sealed record Span(string Service, string Scope, string Trace, string Id, string Parent, string Name, JsonElement Json);

    internal string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>In the order they came.</summary>
    internal ConcurrentQueue<Span> Spans { get; } = new();

    /// <summary>The status the next requests get.</summary>
    internal int Status { get; set; } = 200;

    /// <summary>Waits until the spans so far satisfy <paramref name="condition"/>; gives them.</summary>
    internal async Task<IReadOnlyList<Span>> WaitAsync(Func<IReadOnlyList<Span>, bool> condition, TimeSpan patience)
    {
        for (var end = DateTime.UtcNow + patience; ;)
        {
            IReadOnlyList<Span> spans = [.. Spans];
            if (condition(spans))
            {
                return spans;
            }

            if (DateTime.UtcNow > end)
            {
                throw new TimeoutException("spans: " + string.Join("; ", spans.Select(span => $"{span.Service} {span.Name}")));
            }

            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        await serving;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(stopping.Token);
                await ServeAsync(client.GetStream());
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
            {
                // The end, or a client that went away.
            }
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        var received = new List<byte>();
        var head = -1;
        while (head < 0)
        {
            received.Add(await ReadByteAsync(stream));
            head = received is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'] ? received.Count : -1;
        }

        var lines = Encoding.ASCII.GetString([.. received]).Split("\r\n");
        var length = int.Parse(
            lines.Single(line => line.StartsWith("Content-Length: ", StringComparison.Ordinal))["Content-Length: ".Length..], CultureInfo.InvariantCulture);
        var body = new byte[length];
        await stream.ReadExactlyAsync(body, stopping.Token);
        if (Status == 200 && lines[0] == "POST /v1/traces HTTP/1.1" && lines.Contains("Content-Type: application/json"))
        {
            Take(body);
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {Status} Said\r\nContent-Length: 2\r\n\r\n{{}}"), stopping.Token);
    }

    private async Task<byte> ReadByteAsync(NetworkStream stream)
    {
        var one = new byte[1];
        await stream.ReadExactlyAsync(one, stopping.Token);
        return one[0];
    }

    private void Take(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        foreach (var resource in document.RootElement.GetProperty("resourceSpans").EnumerateArray())
        {
            var service = resource.GetProperty("resource").GetProperty("attributes").EnumerateArray()
                .Single(attribute => attribute.GetProperty("key").GetString() == "service.name").GetProperty("value").GetProperty("stringValue").GetString()!;
            foreach (var scope in resource.GetProperty("scopeSpans").EnumerateArray())
            {
                foreach (var span in scope.GetProperty("spans").EnumerateArray())
                {
                    Spans.Enqueue(new Span(
                        service, scope.GetProperty("scope").GetProperty("name").GetString()!, Text("traceId"), Text("spanId"),
                        span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString()! : "", Text("name"), span.Clone()));

                    string Text(string name) => span.GetProperty(name).GetString()!;
                }
            }
        }
    }
}

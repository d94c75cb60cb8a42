using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class MetricsServerTests : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("metrics");
    private readonly DaemonLoggers logs = new("xapi", new StderrSink(journal: false), TimeProvider.System);
    private readonly Metrics metrics;
    private readonly MetricsServer server;

    public MetricsServerTests()
    {
        metrics = new Metrics("xapi", "1.2.3", logs);
        server = new MetricsServer(Path, metrics.Page, NullLogger.Instance);
    }

    private string Path => System.IO.Path.Combine(directory.FullName, "sock");

    [Fact]
    public async Task AReaderGetsWhatEveryProcessHasAndWhatItsRoomsAdd()
    {
        metrics.Add(static page => page.Counter("x_total", "Of x.", "kind", [("a\"b\\c\nd", 1.5)]));
        var answer = await AskAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\n# HELP x_total Of x.\n# TYPE x_total counter\nx_total{kind=\"a\\\"b\\\\c\\nd\"} 1.5\n", answer, StringComparison.Ordinal);
        Assert.Contains("\ntoolstack_build_info{daemon=\"xapi\",version=\"1.2.3\"} 1\n", answer, StringComparison.Ordinal);
        Assert.All(
            (string[])["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"],
            name => Assert.Matches($"\n{name} [0-9.]+\n", answer));
    }

    [Fact]
    public async Task AnythingElseIsNotFoundAndASilentReaderKeepsNobodyElseWaiting()
    {
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await silent.ConnectAsync(new UnixDomainSocketEndPoint(Path));
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync("GET / HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync("POST /metrics HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await AskAsync("GET /metrics HTTP/1.0\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSocketIsTheOwnersAndGoesWithTheServer()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        await server.DisposeAsync();
        Assert.False(File.Exists(Path));
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path))
        {
            await server.DisposeAsync();
        }

        logs.Dispose();
        directory.Delete(recursive: true);
    }

    private async Task<string> AskAsync(string request)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path));
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }
}

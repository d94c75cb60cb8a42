using System.Globalization;
using Toolstack.Hosting.Switch;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Switch;

/// <summary>A switch that nobody uses does nothing: none of its threads is ever put on a processor, though clients of both protocols are connected,
/// queues exist and calls were made before.</summary>
public sealed class SwitchIdleTests
{
    private const int Seconds = 2;

    [Fact]
    public async Task Idle_no_thread_wakes_up()
    {
        await using var world = new SwitchUnderTest();
        await world.StartAsync();
        await using var server = world.Connect("server");
        await using var client = world.Connect("client");
        using var stop = new CancellationTokenSource();
        var serving = server.ServeAsync("q", static (request, _) => ValueTask.FromResult(request.Payload), 4, stop.Token);
        for (var call = 0; call < 100; call++)
        {
            await client.CallAsync("q", new byte[10], SwitchUnderTest.Patience, false, CancellationToken.None);
        }

        using var compat = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified);
        await compat.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(world.Socket));
        await compat.SendAsync("GET /login/idle HTTP/1.1\r\n\r\n"u8.ToArray());

        // Threads of the pool that the calls woke up leave first; then a whole while goes by without anything.
        await SwitchUnderTest.EventuallyAsync(async () =>
        {
            var before = TimesScheduled(world.Pid);
            await Task.Delay(TimeSpan.FromSeconds(Seconds));
            return TimesScheduled(world.Pid) == before;
        });
        await stop.CancelAsync();
        await serving;
    }

    /// <summary>How often threads were put on a processor, by thread (proc(5): schedstat).</summary>
    private static string TimesScheduled(int pid) => string.Join(' ', Directory.EnumerateDirectories($"/proc/{pid}/task").Order(StringComparer.Ordinal)
        .Select(thread => $"{Path.GetFileName(thread)}:{long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[2], CultureInfo.InvariantCulture)}"));
}

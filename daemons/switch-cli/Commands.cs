using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;

namespace Toolstack.SwitchCli;

/// <summary>What can be done from the shell. Calls and lists speak the native protocol; diagnostics and traces the original one, whose text
/// they are.</summary>
internal static class Commands
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    /// <summary>Raises <see cref="UsageException"/> for a command that does not exist.</summary>
    internal static Func<Arguments, TextWriter, CancellationToken, Task> Find(Arguments arguments) => arguments.Command switch
    {
        "list" or "alive" => ListAsync,
        "watch" => WatchAsync,
        "diagnostics" => DiagnosticsAsync,
        "tail" => Traces.TailAsync,
        "sequence" => Traces.SequenceAsync,
        "call" => CallAsync,
        "serve" => ServeAsync,
        "destroy" => DestroyAsync,
        "shutdown" => ShutdownAsync,
        _ => throw new UsageException($"unknown command {arguments.Command}"),
    };

    private static async Task ListAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        await using var client = await ConnectAsync(arguments, cancel);
        await output.WriteAsync(await TableAsync(client, arguments, cancel));
    }

    private static async Task WatchAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        await using var client = await ConnectAsync(arguments, cancel);
        while (true)
        {
            var table = await TableAsync(client, arguments, cancel);
            await output.WriteAsync($"\e[H\e[2J{DateTime.Now:HH:mm:ss}  {arguments.Socket}\n\n{table}");
            await output.FlushAsync(cancel);
            await Task.Delay(Refresh, cancel);
        }
    }

    private static async Task<string> TableAsync(SwitchConnection client, Arguments arguments, CancellationToken cancel)
    {
        var queues = await client.ListAsync(arguments.Rest.Count > 0 ? arguments.Rest[0] : "", arguments.Command == "alive", cancel);
        var width = queues.Select(queue => queue.Name.Length).Append("QUEUE".Length).Max();
        var table = new StringBuilder();
        table.Append($"{"QUEUE".PadRight(width)}  {"KIND",-10}  {"CONSUMERS",9}  {"WAITING",7}  {"TAKEN",5}  {"BYTES",9}\n");
        foreach (var queue in queues.OrderBy(queue => queue.Name, StringComparer.Ordinal))
        {
            var kind = queue.Transient ? "transient" : "persistent";
            table.Append($"{queue.Name.PadRight(width)}  {kind,-10}  {queue.Consumers,9}  {queue.Waiting,7}  {queue.Unacknowledged,5}  {queue.Bytes,9}\n");
        }

        return table.ToString();
    }

    private static async Task DiagnosticsAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        using var http = await SwitchHttp.ConnectAsync(arguments.Socket, cancel);
        await output.WriteLineAsync(Encoding.UTF8.GetString(await http.AskAsync("GET", "/", cancel)));
    }

    private static async Task CallAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        var queue = arguments.Need(0, "a queue");
        var payload = arguments.Rest.Count > 1 ? arguments.Rest[1] : await Console.In.ReadToEndAsync(cancel);
        await using var client = await ConnectAsync(arguments, cancel);
        var reply = await client.CallAsync(queue, Encoding.UTF8.GetBytes(payload), arguments.Timeout, arguments.Repeatable, cancel);
        await output.WriteLineAsync(Encoding.UTF8.GetString(reply.Span));
    }

    private static async Task ServeAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        var queue = arguments.Need(0, "a queue");
        await using var client = await ConnectAsync(arguments, cancel);
        await client.ServeAsync(queue, async (request, stop) =>
        {
            await output.WriteLineAsync($"{DateTime.Now:HH:mm:ss.fff}  {request.Payload.Length} bytes{(request.Redelivered ? ", again" : "")}");
            return arguments.Rest.Count > 1 ? await RunAsync([.. arguments.Rest.Skip(1)], request.Payload, stop) : request.Payload;
        }, 1, cancel);
    }

    private static async ValueTask<ReadOnlyMemory<byte>> RunAsync(string[] command, ReadOnlyMemory<byte> input, CancellationToken cancel)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })
            ?? throw new IOException($"{command[0]} did not start");
        var printed = new MemoryStream();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(printed, cancel);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, cancel);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended, or closed its input, without reading all of it: its exit status says whether that is a failure.
        }

        await reading;
        await process.WaitForExitAsync(cancel);
        return process.ExitCode == 0 ? printed.ToArray() : throw new IOException($"{command[0]}: exit status {process.ExitCode}");
    }

    private static async Task DestroyAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        await using var client = await ConnectAsync(arguments, cancel);
        await client.DestroyAsync(arguments.Need(0, "a queue"), cancel);
    }

    private static async Task ShutdownAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        using var http = await SwitchHttp.ConnectAsync(arguments.Socket, cancel);
        await http.AskAsync("GET", $"/login/switch-cli:{Environment.ProcessId}", cancel);
        await http.AskAsync("POST", "/shutdown", cancel);
    }

    /// <summary>A connection that is there, or <see cref="System.Net.Sockets.SocketException"/> at once: nobody waits at a prompt for a switch to start.</summary>
    private static async Task<SwitchConnection> ConnectAsync(Arguments arguments, CancellationToken cancel)
    {
        using (await SwitchHttp.ConnectAsync(arguments.Socket, cancel))
        {
            var client = new SwitchConnection(new SwitchOptions(arguments.Socket, $"switch-cli:{Environment.ProcessId}"), NullLogger.Instance);
            client.Start();
            return client;
        }
    }
}

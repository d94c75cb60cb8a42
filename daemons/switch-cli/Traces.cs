using System.Globalization;
using System.Text.Json;

namespace Toolstack.SwitchCli;

/// <summary>The switch's trace, followed: printed line by line, or drawn as a message sequence chart.</summary>
internal static class Traces
{
    private const double PollSeconds = 30;

    internal static async Task TailAsync(Arguments arguments, TextWriter output, CancellationToken cancel) =>
        await FollowAsync(arguments, async happened =>
        {
            var time = DateTime.UnixEpoch.AddSeconds(happened.GetProperty("time").GetDouble()).ToLocalTime();
            var took = happened.TryGetProperty("processing_time", out var nanoseconds) ? $"  {nanoseconds.GetInt64() / 1000} us" : "";
            var (input, queue, outputName) = Ends(happened);
            var message = happened.GetProperty("message");
            var what = message[0].GetString() == "Ack" ? "ack" : $"{Kind(message[2])} {message[2].GetProperty("payload").GetString()}";
            await output.WriteLineAsync($"{time:HH:mm:ss.ffffff}  {input} -> {queue} -> {outputName}  #{message[1][1].GetInt64()}  {what}{took}");
        }, cancel);

    internal static async Task SequenceAsync(Arguments arguments, TextWriter output, CancellationToken cancel)
    {
        var (names, lines) = (new List<string>(), new List<string>());
        try
        {
            await FollowAsync(arguments, happened =>
            {
                var (input, queue, outputName) = Ends(happened);
                var message = happened.GetProperty("message");
                var number = message[1][1].GetInt64();
                if (message[0].GetString() == "Ack")
                {
                    Draw(input, queue, "-x", $"ack {number}");
                }
                else if (input.Length > 0)
                {
                    Draw(input, queue, Kind(message[2]) == "response" ? ">>" : "=>", $"{Kind(message[2])} {number}");
                }
                else
                {
                    Draw(queue, outputName, "->", $"{number}");
                }

                return Task.CompletedTask;
            }, cancel);
        }
        finally
        {
            await output.WriteLineAsync($"msc {{\n  {string.Join(',', names.Select(Quoted))};");
            lines.ForEach(output.WriteLine);
            await output.WriteLineAsync("}");
        }

        void Draw(string from, string to, string arrow, string label)
        {
            names.AddRange(new[] { from, to }.Except(names));
            lines.Add($"  {Quoted(from)} {arrow} {Quoted(to)} [ label = {Quoted(label)} ];");
        }
    }

    private static async Task FollowAsync(Arguments arguments, Func<JsonElement, Task> each, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (arguments.Limited)
        {
            limit.CancelAfter(arguments.Timeout);
        }

        using var http = await SwitchHttp.ConnectAsync(arguments.Socket, cancel);
        var next = 0L;
        try
        {
            while (true)
            {
                var path = string.Create(CultureInfo.InvariantCulture, $"/trace/{next}/{PollSeconds}");
                using var trace = JsonDocument.Parse(await http.AskAsync("GET", path, limit.Token));
                foreach (var happened in trace.RootElement.GetProperty("events").EnumerateArray())
                {
                    next = happened[0].GetInt64() + 1;
                    await each(happened[1]);
                }
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The time that was asked for is over.
        }
    }

    private static (string Input, string Queue, string Output) Ends(JsonElement happened) => (Text(happened, "input"), Text(happened, "queue"), Text(happened, "output"));

    private static string Text(JsonElement happened, string name) => happened.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static string Kind(JsonElement message) => message.GetProperty("kind")[0].GetString() == "Request" ? "request" : "response";

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}

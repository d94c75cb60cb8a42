using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>One connection of the original protocol, byte by byte: requests as text (Latin-1), one at a time.</summary>
internal sealed partial class CompatPeer(Socket socket) : IAsyncDisposable
{
    private string received = "";

    internal Socket Socket => socket;

    [GeneratedRegex("[0-9]{11,}")]
    private static partial Regex LongNumber { get; }

    /// <summary>Numbers and times differ from run to run: N stands for them.</summary>
    internal static string Normal(string text) => LongNumber.Replace(text, "N");

    internal static string Get(string path) => $"GET {path} HTTP/1.1\r\nuser-agent: cohttp\r\nconnection: keep-alive\r\n\r\n";

    internal static string Post(string path, string body) =>
        $"POST {path} HTTP/1.1\r\nuser-agent: cohttp\r\ncontent-length: {body.Length}\r\nconnection: keep-alive\r\n\r\n{body}";

    internal async Task<string> GetAsync(string path) => Body(await AskAsync(Get(path)));

    internal async Task<string> PostAsync(string path, string body = "") => Body(await AskAsync(Post(path, body)));

    /// <summary>The whole response to a request.</summary>
    internal async Task<string> AskAsync(string request)
    {
        await SendAsync(request);
        return await ResponseAsync();
    }

    internal async Task SendAsync(string request)
    {
        for (var rest = Encoding.Latin1.GetBytes(request).AsMemory(); !rest.IsEmpty;)
        {
            rest = rest[await socket.SendAsync(rest)..];
        }
    }

    internal async Task<string> ResponseAsync()
    {
        using var patience = new CancellationTokenSource(SwitchFixture.Patience);
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var head = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head >= 0)
            {
                var length = int.Parse(received.Split("content-length: ", 2)[1].Split('\r')[0], CultureInfo.InvariantCulture);
                if (received.Length >= head + 4 + length)
                {
                    var response = received[..(head + 4 + length)];
                    received = received[response.Length..];
                    return response;
                }
            }

            var count = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.NotEqual(0, count);
            received += Encoding.Latin1.GetString(buffer, 0, count);
        }
    }

    /// <summary>The number of a message that was accepted.</summary>
    internal async Task<long> SendRequestAsync(string queue, string replyTo, string payload)
    {
        using var sent = JsonDocument.Parse(await PostAsync($"/request/{queue}/{replyTo}", payload));
        return sent.RootElement[0][1].GetInt64();
    }

    /// <summary>What a transfer from one queue finds, and its cursor.</summary>
    internal async Task<(List<CompatMessage> Messages, string Next)> TransferAsync(string queue, string? from = null, double timeout = 30)
    {
        var cursor = from is null ? "" : $"\"from\":\"{from}\",";
        var wait = timeout.ToString(CultureInfo.InvariantCulture);
        using var found = JsonDocument.Parse(await PostAsync("/transfer", $"{{{cursor}\"timeout\":{wait},\"queues\":[\"{queue}\"]}}"));
        return (Messages(found.RootElement.GetProperty("messages")), found.RootElement.GetProperty("next").GetString()!);
    }

    private static List<CompatMessage> Messages(JsonElement messages)
    {
        var list = new List<CompatMessage>();
        foreach (var message in messages.EnumerateArray())
        {
            var kind = message[1].GetProperty("kind");
            var response = kind[0].GetString() == "Response";
            list.Add(new CompatMessage(message[0][1].GetInt64(), message[1].GetProperty("payload").GetString()!,
                response ? null : kind[1].GetString(), response ? kind[1][0].GetString() : null, response ? kind[1][1].GetInt64() : 0));
        }

        return list;
    }

    private static string Body(string response)
    {
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", response, StringComparison.Ordinal);
        return response[(response.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A message as a transfer shows it. ReplyTo is null for a response, AnsweredQueue for a request.</summary>
internal sealed record CompatMessage(long Number, string Payload, string? ReplyTo, string? AnsweredQueue, long Answered);

using System.Buffers;
using System.Text;

namespace Toolstack.MessageSwitch.Http;

/// <summary>A response. <paramref name="Type"/> is the content type, null to name none; with <paramref name="Close"/> it is the last of its connection.</summary>
internal readonly record struct HttpAnswer(int Status, ReadOnlyMemory<byte> Body, string? Type = null, bool Close = false)
{
    internal static readonly HttpAnswer Empty = new(200, default);

    internal static HttpAnswer Text(string text) => new(200, Encoding.UTF8.GetBytes(text));

    internal static HttpAnswer Failure(int status, string text) => new(status, Encoding.UTF8.GetBytes(text));

    internal void Write(ArrayBufferWriter<byte> output, bool keepAlive)
    {
        var reason = Status switch
        {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            413 => "Content Too Large",
            431 => "Request Header Fields Too Large",
            500 => "Internal Server Error",
            501 => "Not Implemented",
            503 => "Service Unavailable",
            _ => "Status",
        };
        var type = Type is null ? "" : $"content-type: {Type}\r\n";
        var connection = keepAlive && !Close ? "keep-alive" : "close";
        Encoding.Latin1.GetBytes(
            $"HTTP/1.1 {Status} {reason}\r\ncontent-length: {Body.Length}\r\n{type}connection: {connection}\r\n\r\n", output);
        output.Write(Body.Span);
    }
}

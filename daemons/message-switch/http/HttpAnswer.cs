using System.Buffers;
using System.Buffers.Text;
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
        output.Write("HTTP/1.1 "u8);
        output.Write(StatusLine(Status));
        output.Write("\r\ncontent-length: "u8);
        Utf8Formatter.TryFormat(Body.Length, output.GetSpan(20), out var digits);
        output.Advance(digits);
        if (Type is not null)
        {
            output.Write("\r\ncontent-type: "u8);
            Encoding.Latin1.GetBytes(Type, output);
        }

        output.Write(keepAlive && !Close ? "\r\nconnection: keep-alive\r\n\r\n"u8 : "\r\nconnection: close\r\n\r\n"u8);
        output.Write(Body.Span);
    }

    private static ReadOnlySpan<byte> StatusLine(int status) => status switch
    {
        200 => "200 OK"u8,
        400 => "400 Bad Request"u8,
        403 => "403 Forbidden"u8,
        404 => "404 Not Found"u8,
        413 => "413 Content Too Large"u8,
        431 => "431 Request Header Fields Too Large"u8,
        500 => "500 Internal Server Error"u8,
        501 => "501 Not Implemented"u8,
        503 => "503 Service Unavailable"u8,
        _ => throw new InvalidOperationException($"no status {status}"),
    };
}

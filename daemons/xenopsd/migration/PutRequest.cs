using System.Text;

namespace Toolstack.Xenopsd.Migration;

/// <summary>The head of a bodyless PUT that opens one connection of a migration (xenops protocol). No answer to it is ever read.</summary>
internal static class PutRequest
{
    /// <param name="destination">The URL given to VM.migrate; its query carries the session.</param>
    /// <param name="connection"><c>vm</c>, <c>mem</c>, <c>vgpu</c> or <c>outcome</c>.</param>
    /// <param name="id">The temporary id on the destination; for <c>vgpu</c> a dot and the device after it.</param>
    /// <param name="cookies">Values are escaped: the reader splits at <c>;</c>, <c>,</c> and <c>=</c>.</param>
    internal static byte[] Head(Uri destination, string connection, string id, IEnumerable<KeyValuePair<string, string>> cookies)
    {
        string cookie = string.Join("; ", cookies.Select(static c => $"{c.Key}={Uri.EscapeDataString(c.Value)}"));
        return Encoding.ASCII.GetBytes(
            $"PUT {destination.AbsolutePath.TrimEnd('/')}/migrate/{connection}/{id}{destination.Query} HTTP/1.1\r\n"
            + $"Host: {destination.Authority}\r\nCookie: {cookie}\r\nConnection: keep-alive\r\nUser-agent: xenopsd\r\n\r\n");
    }
}

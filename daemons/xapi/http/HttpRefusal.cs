namespace Toolstack.Xapi.Http;

/// <summary>A request that is refused before any message is called: answered with the status and a small page, then the connection ends.</summary>
internal sealed class HttpRefusal(int status, string message, Exception? inner = null) : Exception(message, inner)
{
    internal int Status { get; } = status;
}

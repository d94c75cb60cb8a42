namespace Toolstack.Xapi.Http;

/// <summary>What the first bytes of a connection say about who serves it.</summary>
internal enum FirstBytes
{
    /// <summary>Too few to tell.</summary>
    Undecided,
    /// <summary>An ordinary request: HTTP serves the connection.</summary>
    Http,
    /// <summary>A migration connection, to be handed over to xenopsd.</summary>
    HandOver,
}

internal static class FirstBytesExtensions
{
    internal static ReadOnlySpan<byte> HandOverPrefix => "PUT /services/xenops/"u8;

    internal static FirstBytes Judge(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> prefix = HandOverPrefix;
        if (bytes.Length >= prefix.Length)
        {
            return bytes.StartsWith(prefix) ? FirstBytes.HandOver : FirstBytes.Http;
        }

        return prefix.StartsWith(bytes) ? FirstBytes.Undecided : FirstBytes.Http;
    }
}

namespace Toolstack.Hosting;

/// <summary>Names and addresses of hosts as URLs have them.</summary>
public static class UrlHost
{
    /// <summary>An IPv6 address in brackets; everything else as it is.</summary>
    public static string Of(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
    }
}

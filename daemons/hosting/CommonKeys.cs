namespace Toolstack.Hosting;

/// <summary>The configuration keys every daemon understands.</summary>
public static class CommonKeys
{
    /// <summary>The least severe level that is logged.</summary>
    public static readonly ConfigKey<string> LogLevel = ConfigKey.Choice(
        "log-level", "info", ["debug", "info", "warning", "error"], "Least severe level that is logged.");

    /// <summary>Where metrics are served.</summary>
    public static readonly ConfigKey<string> MetricsPath = ConfigKey.Text(
        "metrics-path", "", "Unix socket that answers GET /metrics in the text format of Prometheus; empty has none.");

    /// <summary>Where spans go.</summary>
    public static readonly ConfigKey<string> OtlpEndpoint = ConfigKey.HttpUrl(
        "otlp-endpoint", "Collector of OpenTelemetry spans (OTLP over HTTP, JSON); empty makes none. Without a path, /v1/traces.");

    internal static readonly IReadOnlyList<ConfigKey> All = [LogLevel, MetricsPath, OtlpEndpoint];
}

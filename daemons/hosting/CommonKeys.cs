namespace Toolstack.Hosting;

/// <summary>The configuration keys every daemon understands.</summary>
public static class CommonKeys
{
    /// <summary>The least severe level that is logged.</summary>
    public static readonly ConfigKey<string> LogLevel = ConfigKey.Choice(
        "log-level", "info", ["debug", "info", "warning", "error"], "Least severe level that is logged.");

    internal static readonly IReadOnlyList<ConfigKey> All = [LogLevel];
}

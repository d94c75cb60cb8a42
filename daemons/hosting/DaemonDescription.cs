namespace Toolstack.Hosting;

/// <summary>What a daemon says about itself: its name (also the name in log lines), one sentence for <c>--help</c>, and the
/// configuration keys it understands. <see cref="CommonKeys"/> are added to every daemon's own.</summary>
public sealed record DaemonDescription(string Name, string Summary, IReadOnlyList<ConfigKey> Keys)
{
    /// <summary>Options with which the executable does something else and exits; the program handles them, <c>--help</c> names them.</summary>
    public IReadOnlyList<(string Option, string Help)> Modes { get; init; } = [];
}

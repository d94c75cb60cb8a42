namespace Toolstack.Hosting;

/// <summary>What a daemon says about itself: its name (also the name in log lines), one sentence for <c>--help</c>, and the
/// configuration keys it understands. <see cref="CommonKeys"/> are added to every daemon's own.</summary>
public sealed record DaemonDescription(string Name, string Summary, IReadOnlyList<ConfigKey> Keys)
{
    /// <summary>Options with which the executable does something else and exits; the program handles them, <c>--help</c> names them.</summary>
    public IReadOnlyList<(string Option, string Help)> Modes { get; init; } = [];

    /// <summary>What a manual says besides options and keys, in its order.</summary>
    public IReadOnlyList<ManualSection> Sections { get; init; } = [];

    /// <summary>Manual pages to read next, as <c>xapi(8)</c>.</summary>
    public IReadOnlyList<string> SeeAlso { get; init; } = [];
}

/// <summary>A section of a manual: paragraphs, then entries of a term and what it means.</summary>
public sealed record ManualSection(string Title, params string[] Paragraphs)
{
    public IReadOnlyList<(string Term, string Meaning)> Entries { get; init; } = [];
}

using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Who answers (xenops protocol, <c>Query.t</c>). <c>instance_id</c> is new in every process: a client that sees it change starts over.</summary>
[WireType]
public sealed record QueryResult
{
    public string name { get; init; } = "xenops";
    public string vendor { get; init; } = "XCP";
    public string version { get; init; } = "0.1";
    public ImmutableArray<string> features { get; init; } = [];
    public required string instance_id { get; init; }
}

/// <summary>What <see cref="QueryResult.features"/> may name. A xenopsd that names none is used as the original one is.</summary>
public static class XenopsFeatures
{
    /// <summary>Takes ranges of zero frames in a memory stream (ZERO_PAGES records).</summary>
    public const string ZeroPages = "stream.zero-pages";

    /// <summary>Knows migrations by a token (cookie <c>migration_id</c>), takes paused VMs (cookie <c>paused</c>), and says what became of a
    /// migration to whoever knows its token (connection <c>outcome</c>).</summary>
    public const string Outcome = "migration.outcome";
}

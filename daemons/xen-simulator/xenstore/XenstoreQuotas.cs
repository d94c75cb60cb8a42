namespace Toolstack.XenSimulator.Xenstore;

/// <summary>Limits of a xenstore server; those of domains other than 0 are xenstored's defaults (xenstore protocol).</summary>
public sealed record XenstoreQuotas
{
    /// <summary>Nodes a domain may own.</summary>
    public int Nodes { get; init; } = 1000;

    /// <summary>Bytes of value, permissions and names of children of a node that a domain changes.</summary>
    public int NodeBytes { get; init; } = 2048;

    public int Watches { get; init; } = 128;

    /// <summary>Open at once.</summary>
    public int Transactions { get; init; } = 10;

    /// <summary>Nodes a transaction reads or changes.</summary>
    public int TransactionNodes { get; init; } = 1024;

    public int PermissionsPerNode { get; init; } = 5;

    /// <summary>Characters of a path below a domain's own directory.</summary>
    public int PathLength { get; init; } = 2048;

    /// <summary>Bytes of answers that a domain leaves untaken before its requests are no longer read.</summary>
    public int PauseBytes { get; init; } = 64 * 1024;

    /// <summary>Bytes of answers and events that a domain may leave untaken before its connection ends.</summary>
    public int GuestUnsentBytes { get; init; } = 1 << 20;

    /// <summary>The same for a peer on the socket.</summary>
    public int SocketUnsentBytes { get; init; } = 16 << 20;

    /// <summary>How long a peer may take nothing at all before its connection ends.</summary>
    public TimeSpan SendDeadline { get; init; } = TimeSpan.FromSeconds(20);
}

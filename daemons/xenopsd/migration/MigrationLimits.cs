namespace Toolstack.Xenopsd.Migration;

/// <summary>Every bound of the migration protocol: sizes, and how long each side waits for the other.</summary>
public static class MigrationLimits
{
    /// <summary>Longest text of a handshake message; its length travels in 16 bits.</summary>
    public const int MaxHandshakeText = ushort.MaxValue;

    /// <summary>Largest record of a request that is handed over, in bytes (xenops protocol).</summary>
    public const int MaxHandOver = 16384;

    /// <summary>Connections being handed over at the same time.</summary>
    public const int MaxHandOvers = 64;

    /// <summary>Migrations under way towards this host, waiting ones included.</summary>
    public const int MaxReceives = 64;

    /// <summary>Migrations towards this host that are remembered, for sources that ask what became of them.</summary>
    public const int MaxArrivals = 1024;

    /// <summary>Largest answer to a remote call, in bytes.</summary>
    public const int MaxResponse = 1 << 20;

    /// <summary>Connecting to the destination.</summary>
    public static readonly TimeSpan Connect = TimeSpan.FromSeconds(10);

    /// <summary>One remote call, from connecting to the last byte of its answer.</summary>
    public static readonly TimeSpan RemoteCall = TimeSpan.FromSeconds(60);

    /// <summary>Asking the destination what it can do; without an answer it is taken for an original one.</summary>
    public static readonly TimeSpan Features = TimeSpan.FromSeconds(10);

    /// <summary>One question about what became of a VM.</summary>
    public static readonly TimeSpan Question = TimeSpan.FromSeconds(15);

    /// <summary>Asking the destination what became of a VM, before the migration's task fails: more than the destination can take to
    /// notice that point 3 does not come.</summary>
    public static readonly TimeSpan AskDestination = TimeSpan.FromSeconds(240);

    /// <summary>Between two such questions.</summary>
    public static readonly TimeSpan AskPause = TimeSpan.FromSeconds(1);

    /// <summary>Between two rounds over VMs left in doubt and metadata nobody came for.</summary>
    public static readonly TimeSpan RecoveryRound = TimeSpan.FromSeconds(30);

    /// <summary>Metadata waiting for the VM that it was sent ahead of; the source opens the connection at once.</summary>
    public static readonly TimeSpan UnclaimedMetadata = TimeSpan.FromSeconds(120);

    /// <summary>A handed-over connection's record, from the connection to its last byte.</summary>
    public static readonly TimeSpan HandOver = TimeSpan.FromSeconds(10);

    /// <summary>The guest's balloon coming to rest at the least memory of its range; then it goes as it is.</summary>
    public static readonly TimeSpan Balloon = TimeSpan.FromSeconds(120);

    /// <summary>The destination making the domain: until point 1.</summary>
    public static readonly TimeSpan PointOne = TimeSpan.FromSeconds(180);

    /// <summary>The memory connection being taken, and its acknowledgement.</summary>
    public static readonly TimeSpan MemoryConnection = TimeSpan.FromSeconds(60);

    /// <summary>The destination reading the last of the memory once the source has sent it.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(120);

    /// <summary>A connection's own end, once everything on it was read.</summary>
    public static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    /// <summary>The destination waiting for point 3 once it has all memory.</summary>
    public static readonly TimeSpan PointThree = TimeSpan.FromSeconds(180);

    /// <summary>The destination connecting devices and letting the guest run: until point 4.</summary>
    public static readonly TimeSpan PointFour = TimeSpan.FromSeconds(300);

    /// <summary>After a connection broke: the other one saying why. The guest runs again by then.</summary>
    public static readonly TimeSpan Explanation = TimeSpan.FromSeconds(5);

    /// <summary>Sending one handshake message.</summary>
    public static readonly TimeSpan Send = TimeSpan.FromSeconds(30);

    /// <summary>Removing what a failed migration left.</summary>
    public static readonly TimeSpan Discard = TimeSpan.FromSeconds(300);
}

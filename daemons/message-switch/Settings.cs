using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>The configuration of the switch, read once at start.</summary>
internal sealed record Settings
{
    private static readonly ConfigKey<string> PathKey = ConfigKey.FilePath(
        "switch-path", SwitchOptions.DefaultPath, "Unix socket to listen on; a stale one is replaced.", "path");

    private static readonly ConfigKey<TimeSpan> GraceKey = ConfigKey.Seconds(
        "no-consumer-grace", TimeSpan.FromSeconds(5), "How long a request waits for somebody to serve its queue.", max: TimeSpan.FromHours(1));

    private static readonly ConfigKey<long> QueueMessagesKey = ConfigKey.Integer(
        "max-queue-messages", SwitchLimits.MaxQueueMessages, 1, 1_000_000, "Messages in one queue, waiting or unacknowledged.");

    private static readonly ConfigKey<long> QueueBytesKey = ConfigKey.Integer(
        "max-queue-bytes", SwitchLimits.MaxQueueBytes, 1, 1L << 40, "Payload bytes in one queue, waiting or unacknowledged.");

    private static readonly ConfigKey<long> ClientMessagesKey = ConfigKey.Integer(
        "max-client-messages", SwitchLimits.MaxClientMessages, 1, 1_000_000, "Undelivered requests of one client.");

    private static readonly ConfigKey<long> ClientBytesKey = ConfigKey.Integer(
        "max-client-bytes", SwitchLimits.MaxClientBytes, 1, 1L << 40, "Payload bytes of undelivered requests of one client.");

    private static readonly ConfigKey<TimeSpan> ExpiryKey = ConfigKey.Seconds(
        "stored-expiry", TimeSpan.FromDays(1), "How long a request of the original protocol is kept for a consumer.", TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(365));

    private static readonly ConfigKey<TimeSpan> FullWaitKey = ConfigKey.Seconds(
        "full-queue-wait", TimeSpan.FromSeconds(30), "How long a sender of the original protocol waits for room in a full queue before it is refused.",
        max: TimeSpan.FromHours(1));

    private static readonly ConfigKey<long> TraceEntriesKey = ConfigKey.Integer(
        "trace-entries", 16, 0, 4096, "Events kept for those who trace; 0 turns tracing off.");

    private static readonly ConfigKey<long> TraceTruncateKey = ConfigKey.Integer(
        "trace-truncate", 256, 1, 1_000_000, "Characters after which a text in a traced payload is cut.");

    private static readonly ConfigKey<string> WebKey = ConfigKey.Text(
        "www-directory", "", "Directory of the files of a web interface; empty serves none.");

    private static readonly ConfigKey<string> ModeKey = ConfigKey.Text("socket-mode", "0600", "Permissions of the socket, octal.");

    private static readonly ConfigKey<string> OwnerKey = ConfigKey.Text(
        "socket-owner", "", "Owner of the socket as UID or UID:GID in numbers; empty leaves it to the user the switch runs as.");

    private static readonly ConfigKey<string> UsersKey = ConfigKey.Text(
        "allowed-users", "", "UIDs that may connect beside root and the switch's own, separated by commas; empty leaves it to socket-mode.");

    private static readonly ConfigKey<string> StateKey = ConfigKey.Text(
        "statedir", "", "Directory in which persistent queues and what was sent to them are kept; empty keeps them in memory only.");

    private static readonly ConfigKey<bool> SyncKey = ConfigKey.Flag(
        "statedir-sync", true, "Whether what is kept survives a loss of power too, not only the end of the process.");

    internal static readonly IReadOnlyList<ConfigKey> Keys =
    [
        PathKey, ModeKey, OwnerKey, UsersKey, GraceKey, ExpiryKey, FullWaitKey, QueueMessagesKey, QueueBytesKey, ClientMessagesKey, ClientBytesKey,
        TraceEntriesKey, TraceTruncateKey, WebKey, StateKey, SyncKey,
    ];

    internal string Path { get; init; } = SwitchOptions.DefaultPath;

    internal TimeSpan NoConsumerGrace { get; init; } = TimeSpan.FromSeconds(5);

    internal long MaxQueueMessages { get; init; } = SwitchLimits.MaxQueueMessages;

    internal long MaxQueueBytes { get; init; } = SwitchLimits.MaxQueueBytes;

    internal long MaxClientMessages { get; init; } = SwitchLimits.MaxClientMessages;

    internal long MaxClientBytes { get; init; } = SwitchLimits.MaxClientBytes;

    internal TimeSpan StoredExpiry { get; init; } = TimeSpan.FromDays(1);

    internal TimeSpan FullQueueWait { get; init; } = TimeSpan.FromSeconds(30);

    internal int TraceEntries { get; init; } = 16;

    internal int TraceTruncate { get; init; } = 256;

    /// <summary>Where files for browsers are; empty when none are served.</summary>
    internal string WebDirectory { get; init; } = "";

    /// <summary>Where what must outlive the process is; empty when nothing does.</summary>
    internal string StateDirectory { get; init; } = "";

    internal bool StateSync { get; init; } = true;

    internal SocketAccess Access { get; init; } = SocketAccess.OwnerOnly;

    internal AllowedUsers AllowedUsers { get; init; } = AllowedUsers.Everybody;

    internal static Settings From(Configuration configuration) => new()
    {
        Path = configuration.Get(PathKey),
        NoConsumerGrace = configuration.Get(GraceKey),
        MaxQueueMessages = configuration.Get(QueueMessagesKey),
        MaxQueueBytes = configuration.Get(QueueBytesKey),
        MaxClientMessages = configuration.Get(ClientMessagesKey),
        MaxClientBytes = configuration.Get(ClientBytesKey),
        StoredExpiry = configuration.Get(ExpiryKey),
        FullQueueWait = configuration.Get(FullWaitKey),
        TraceEntries = (int)configuration.Get(TraceEntriesKey),
        TraceTruncate = (int)configuration.Get(TraceTruncateKey),
        WebDirectory = configuration.Get(WebKey),
        StateDirectory = configuration.Get(StateKey),
        StateSync = configuration.Get(SyncKey),
        AllowedUsers = AllowedUsers.Parse(configuration.Get(UsersKey)),
        Access = SocketAccess.Parse(configuration.Get(ModeKey), configuration.Get(OwnerKey)),
    };
}

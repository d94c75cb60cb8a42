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

    internal static readonly IReadOnlyList<ConfigKey> Keys =
        [PathKey, GraceKey, QueueMessagesKey, QueueBytesKey, ClientMessagesKey, ClientBytesKey];

    internal string Path { get; init; } = SwitchOptions.DefaultPath;

    internal TimeSpan NoConsumerGrace { get; init; } = TimeSpan.FromSeconds(5);

    internal long MaxQueueMessages { get; init; } = SwitchLimits.MaxQueueMessages;

    internal long MaxQueueBytes { get; init; } = SwitchLimits.MaxQueueBytes;

    internal long MaxClientMessages { get; init; } = SwitchLimits.MaxClientMessages;

    internal long MaxClientBytes { get; init; } = SwitchLimits.MaxClientBytes;

    internal static Settings From(Configuration configuration) => new()
    {
        Path = configuration.Get(PathKey),
        NoConsumerGrace = configuration.Get(GraceKey),
        MaxQueueMessages = configuration.Get(QueueMessagesKey),
        MaxQueueBytes = configuration.Get(QueueBytesKey),
        MaxClientMessages = configuration.Get(ClientMessagesKey),
        MaxClientBytes = configuration.Get(ClientBytesKey),
    };
}

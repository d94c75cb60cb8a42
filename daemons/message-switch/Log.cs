using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>Every log line of the switch. Events 1000-1099: the listener; 1100-1199: connections; 1200-1299: messages;
/// 1300-1399: the journal.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "listening on {Path}, incarnation {Incarnation}")]
    internal static partial void Listening(ILogger logger, string path, long incarnation);

    [LoggerMessage(1001, LogLevel.Warning, "cannot accept a connection: {Reason}")]
    internal static partial void CannotAccept(ILogger logger, string reason);

    [LoggerMessage(1002, LogLevel.Warning, "connection refused: {Limit} clients are connected (MaxClients)")]
    internal static partial void TooManyClients(ILogger logger, int limit);

    [LoggerMessage(1100, LogLevel.Information, "client {Client}: connected")]
    internal static partial void Connected(ILogger logger, string client);

    [LoggerMessage(1101, LogLevel.Information, "client {Client}: connection ended: {Reason}: {Detail}")]
    internal static partial void Ended(ILogger logger, string client, LinkEndReason reason, string detail);

    [LoggerMessage(1102, LogLevel.Error, "client {Client}: connection failed")]
    internal static partial void ConnectionFailed(ILogger logger, string client, Exception? error);

    [LoggerMessage(1103, LogLevel.Debug, "client {Client}: paused: {Paused}")]
    internal static partial void Paused(ILogger logger, string client, bool paused);

    [LoggerMessage(1104, LogLevel.Debug, "client {Client}: logged in, process {Process}, user {User}")]
    internal static partial void LoggedIn(ILogger logger, string client, int process, uint user);

    [LoggerMessage(1105, LogLevel.Warning, "client {Client}: shutdown refused to process {Process} of user {User}: only root may")]
    internal static partial void ShutdownRefused(ILogger logger, string client, int process, uint user);

    [LoggerMessage(1106, LogLevel.Information, "client {Client}: shutdown asked by process {Process}")]
    internal static partial void ShutdownAsked(ILogger logger, string client, int process);

    [LoggerMessage(1107, LogLevel.Information, "connection ended before it said anything: {Reason}")]
    internal static partial void SilentEnded(ILogger logger, string reason);

    [LoggerMessage(1108, LogLevel.Warning, "connection of process {Process} refused: user {User} may not connect (allowed-users)")]
    internal static partial void UserRefused(ILogger logger, int process, uint user);

    [LoggerMessage(1300, LogLevel.Information, "{Directory}: {Queues} queues with {Messages} messages restored")]
    internal static partial void Restored(ILogger logger, string directory, int queues, int messages);

    [LoggerMessage(1301, LogLevel.Warning, "{Path}: {Bytes} bytes of an unfinished write dropped")]
    internal static partial void JournalCut(ILogger logger, string path, long bytes);

    [LoggerMessage(1302, LogLevel.Error, "{Directory}: cannot be written: {Reason}; nothing is kept until the switch is restarted")]
    internal static partial void JournalFailed(ILogger logger, string directory, string reason);

    [LoggerMessage(1200, LogLevel.Warning, "{Count} replies dropped so far: their callers do not read")]
    internal static partial void RepliesDropped(ILogger logger, long count);
}

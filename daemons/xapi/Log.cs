using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi;

/// <summary>Every log line of xapi. Events 3000-3099: http; 3100-3199: dispatch, sessions, tasks, events; 3200-3299: database and pool;
/// 3300-3399: forwarding, VM and xenops; 3400-3499: storage, devices and snapshots.
/// One file: the generator writes the parts of a class in an order that differs from build to build.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "listening on {Endpoint}")]
    internal static partial void Listening(ILogger logger, string endpoint);

    [LoggerMessage(3001, LogLevel.Error, "cannot accept connections: {Reason}")]
    internal static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(3002, LogLevel.Debug, "connection for {Path} handed over to xenopsd")]
    internal static partial void HandedOver(ILogger logger, string path);

    [LoggerMessage(3003, LogLevel.Warning, "connection could not be handed over to xenopsd: {Reason}")]
    internal static partial void HandOverFailed(ILogger logger, string reason);

    [LoggerMessage(3004, LogLevel.Warning, "connection for {Path} refused: no valid session")]
    internal static partial void HandOverUnauthorised(ILogger logger, string path);

    [LoggerMessage(3005, LogLevel.Error, "request {Method} {Path} failed")]
    internal static partial void RequestFailed(ILogger logger, string method, string path, Exception error);

    [LoggerMessage(3006, LogLevel.Debug, "request body refused: {Reason}")]
    internal static partial void BodyRefused(ILogger logger, string reason);

    [LoggerMessage(3300, LogLevel.Debug, "{Method} runs on {Host} under {Task}")]
    internal static partial void Forwarding(ILogger logger, string method, string host, string task);

    [LoggerMessage(3301, LogLevel.Error, "locks of {Reference} could not be undone: {Reason}")]
    internal static partial void UndoFailed(ILogger logger, string reference, string reason);

    [LoggerMessage(3302, LogLevel.Warning, "cancellation of {Task} did not reach {Host}: {Reason}")]
    internal static partial void CancelNotPassedOn(ILogger logger, string task, string host, string reason);

    [LoggerMessage(3310, LogLevel.Information, "xenopsd instance {Instance}")]
    internal static partial void XenopsdSeen(ILogger logger, string instance);

    [LoggerMessage(3311, LogLevel.Warning, "updates of xenopsd interrupted: {Reason}")]
    internal static partial void EventsInterrupted(ILogger logger, string reason);

    [LoggerMessage(3312, LogLevel.Information, "VM {Vm} is {State}")]
    internal static partial void PowerState(ILogger logger, string vm, string state);

    [LoggerMessage(3313, LogLevel.Warning, "VM {Vm} could not be ended or forgotten by xenopsd: {Reason}")]
    internal static partial void ForgetFailed(ILogger logger, string vm, string reason);

    [LoggerMessage(3314, LogLevel.Warning, "VM {Vm} runs here and nowhere in the database: adopted")]
    internal static partial void Adopted(ILogger logger, string vm);

    [LoggerMessage(3319, LogLevel.Warning, "changes of VM {Vm} do not reach xenopsd yet: {Reason}")]
    internal static partial void MetadataDelayed(ILogger logger, string vm, string reason);

    [LoggerMessage(3315, LogLevel.Warning, "VM {Vm} does not run any more: halted in the database")]
    internal static partial void NotRunning(ILogger logger, string vm);

    [LoggerMessage(3316, LogLevel.Warning, "VM {Vm} ({State}) does not belong to this host: ended")]
    internal static partial void Stray(ILogger logger, string vm, string state);

    [LoggerMessage(3320, LogLevel.Warning, "migration of {Vm}: try {Attempt} failed and is repeated: {Reason}")]
    internal static partial void MigrationRetried(ILogger logger, string vm, int attempt, string reason);

    [LoggerMessage(3322, LogLevel.Warning, "migration of {Vm} happened although it failed here: {Reason}")]
    internal static partial void MovedAllTheSame(ILogger logger, string vm, string reason);

    [LoggerMessage(3321, LogLevel.Error, "migration of {Vm} happened but could not be completed on {Host}: {Reason}")]
    internal static partial void CompletionFailed(ILogger logger, string vm, string host, string reason);

    [LoggerMessage(3100, LogLevel.Error, "{Method} failed")]
    internal static partial void CallFailed(ILogger logger, string method, Exception error);

    [LoggerMessage(3101, LogLevel.Warning, "{Method} failed: {Reason}")]
    internal static partial void CallFailedAtSwitch(ILogger logger, string method, string reason);

    [LoggerMessage(3102, LogLevel.Debug, "{Method} by {User}: {Outcome}")]
    internal static partial void Called(ILogger logger, string method, string user, string outcome);

    [LoggerMessage(3103, LogLevel.Information, "login of {User} refused: {Reason}")]
    internal static partial void LoginRefused(ILogger logger, string user, string reason);

    [LoggerMessage(3104, LogLevel.Error, "the end of task {Task} could not be recorded")]
    internal static partial void TaskNotRecorded(ILogger logger, string task, Exception error);

    [LoggerMessage(3105, LogLevel.Information, "{Tasks} tasks and {Sessions} sessions collected")]
    internal static partial void Collected(ILogger logger, int tasks, int sessions);

    [LoggerMessage(3106, LogLevel.Error, "collecting old tasks and sessions failed")]
    internal static partial void CollectingFailed(ILogger logger, Exception error);

    [LoggerMessage(3107, LogLevel.Warning, "audit log {Path} cannot be written: {Reason}")]
    internal static partial void AuditFailed(ILogger logger, string path, string reason);

    [LoggerMessage(3108, LogLevel.Warning, "{Tasks} tasks of a former life have failed")]
    internal static partial void LeftoversFailed(ILogger logger, int tasks);

    [LoggerMessage(3109, LogLevel.Warning, "notice {Path} cannot be read and is passed over: {Reason}")]
    internal static partial void NoticeUnreadable(ILogger logger, string path, string reason);

    [LoggerMessage(3110, LogLevel.Warning, "notice {Name} about {Uuid} is not kept: {Reason}")]
    internal static partial void NoticeNotKept(ILogger logger, string name, string uuid, string reason);

    [LoggerMessage(3111, LogLevel.Warning, "the notices in {Path} cannot be written anew: {Reason}")]
    internal static partial void NoticesNotRewritten(ILogger logger, string path, string reason);

    [LoggerMessage(3007, LogLevel.Debug, "TLS handshake failed: {Reason}")]
    internal static partial void HandshakeFailed(ILogger logger, string reason);

    [LoggerMessage(3008, LogLevel.Warning, "a host that was called is not trusted: {Reason}")]
    internal static partial void PeerNotTrusted(ILogger logger, string reason);

    [LoggerMessage(3120, LogLevel.Warning, "a thin client is turned away: {Limit} commands run already")]
    internal static partial void ThinClientRefused(ILogger logger, int limit);

    [LoggerMessage(3121, LogLevel.Information, "a thin client was lost: {Reason}")]
    internal static partial void ThinClientLost(ILogger logger, string reason);

    [LoggerMessage(3200, LogLevel.Information, "database {Path}: {Rows} rows, generation {Generation}")]
    internal static partial void DatabaseOpened(ILogger logger, string path, int rows, long generation);

    [LoggerMessage(3201, LogLevel.Error, "database: {Rows} changed rows not written, kept for the next batch")]
    internal static partial void DatabaseNotWritten(ILogger logger, int rows, Exception error);

    [LoggerMessage(3202, LogLevel.Warning, "database {Path}: the restore takes its place, the one before is kept beside it")]
    internal static partial void DatabaseRestored(ILogger logger, string path);

    [LoggerMessage(3210, LogLevel.Information, "host {Uuid} is {Role}, coordinator at {Address}")]
    internal static partial void PoolRole(ILogger logger, string uuid, string role, string address);

    [LoggerMessage(3211, LogLevel.Warning, "the coordinator at {Address} did not let this host in, trying again in {Pause}: {Reason}")]
    internal static partial void HelloFailed(ILogger logger, string address, TimeSpan pause, string reason);

    [LoggerMessage(3212, LogLevel.Information, "member of the pool of {Address}")]
    internal static partial void Joined(ILogger logger, string address);

    [LoggerMessage(3213, LogLevel.Warning, "xenopsd does not answer, trying again in {Pause}: {Reason}")]
    internal static partial void FactsUnknown(ILogger logger, TimeSpan pause, string reason);

    [LoggerMessage(3214, LogLevel.Information, "host enabled")]
    internal static partial void HostEnabled(ILogger logger);

    [LoggerMessage(3218, LogLevel.Information, "host stays disabled, as host.disable asked for")]
    internal static partial void HostStaysDisabled(ILogger logger);

    [LoggerMessage(3215, LogLevel.Warning, "heartbeat to {Address} failed: {Reason}")]
    internal static partial void HeartbeatFailed(ILogger logger, string address, string reason);

    [LoggerMessage(3216, LogLevel.Warning, "host {Host} counts as {State}")]
    internal static partial void HostLiveness(ILogger logger, string host, string state);

    [LoggerMessage(3217, LogLevel.Error, "a round of the pool's housekeeping failed")]
    internal static partial void PoolRoundFailed(ILogger logger, Exception error);

    [LoggerMessage(3220, LogLevel.Information, "{Rows} rows of the stand-alone host that this was are in the pool's database")]
    internal static partial void RowsBrought(ILogger logger, int rows);

    [LoggerMessage(3221, LogLevel.Error, "{Path}: what this host was to bring along cannot be read: {Reason}")]
    internal static partial void RowsNotBrought(ILogger logger, string path, string reason);

    [LoggerMessage(3222, LogLevel.Warning, "{Class} {Uuid} stays out: the pool has another row with this uuid")]
    internal static partial void RowNotBrought(ILogger logger, string @class, string uuid);

    [LoggerMessage(3223, LogLevel.Information, "logout from {Address} failed: {Reason}")]
    internal static partial void LogoutFailed(ILogger logger, string address, string reason);

    [LoggerMessage(3224, LogLevel.Warning, "this host's rows are not all removed from the pool of {Address}: {Reason}")]
    internal static partial void RowsNotRemoved(ILogger logger, string address, string reason);

    [LoggerMessage(3225, LogLevel.Warning, "host {Uuid} has no new copy of the database: {Reason}")]
    internal static partial void BackupFailed(ILogger logger, string uuid, string reason);

    [LoggerMessage(3226, LogLevel.Warning, "{Address} did not take {Method}: {Reason}")]
    internal static partial void HostNotTold(ILogger logger, string address, string method, string reason);

    [LoggerMessage(3227, LogLevel.Error, "{Address} is the coordinator of this pool too: {Outcome}")]
    internal static partial void TwoCoordinators(ILogger logger, string address, string outcome);

    [LoggerMessage(3228, LogLevel.Warning, "the certificate of host {Uuid} is not kept: {Reason}")]
    internal static partial void CertificateNotKept(ILogger logger, string uuid, string reason);

    [LoggerMessage(3400, LogLevel.Warning, "SR {Repository} is not attached to {Host}: {Reason}")]
    internal static partial void NotAttachedElsewhere(ILogger logger, string repository, string host, string reason);

    [LoggerMessage(3401, LogLevel.Information, "SR {Repository} forgotten by {Host}")]
    internal static partial void RepositoryForgotten(ILogger logger, string repository, string host);

    [LoggerMessage(3402, LogLevel.Warning, "PBD {Uuid} could not be attached at start: {Reason}")]
    internal static partial void NotReplugged(ILogger logger, string uuid, string reason);

    [LoggerMessage(3410, LogLevel.Error, "checkpoint of {Vm} failed: {Reason}")]
    internal static partial void CheckpointFailed(ILogger logger, string vm, string reason);

    [LoggerMessage(3411, LogLevel.Error, "{Vm} could not be reverted to {Snapshot}: {Reason}")]
    internal static partial void RevertFailed(ILogger logger, string vm, string snapshot, string reason);
}

using Microsoft.Extensions.Logging;

namespace Toolstack.Xenopsd;

/// <summary>Every log line of xenopsd. Events 2000-2099: records; 2100-2199: operations; 2200-2299: migration; 2300-2399: server; 2400-2499: domains.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Error, "record of VM {Id} left out, it cannot be read: {Problem}")]
    internal static partial void RecordUnreadable(ILogger logger, string id, string problem);

    [LoggerMessage(2001, LogLevel.Error, "records of VMs: {Problem}")]
    internal static partial void RecordsFailed(ILogger logger, string problem);

    [LoggerMessage(2002, LogLevel.Warning, "{Id}: half of an interrupted migration, removed")]
    internal static partial void LeftoverRemoved(ILogger logger, string id);

    [LoggerMessage(2005, LogLevel.Warning, "{Former} was being renamed, and is {Id} now")]
    internal static partial void RenameCompleted(ILogger logger, string former, string id);

    [LoggerMessage(2003, LogLevel.Information, "{Count} VMs known, {Domains} domains")]
    internal static partial void RecordsLoaded(ILogger logger, int count, int domains);

    [LoggerMessage(2004, LogLevel.Error, "{File}: a migration's record that cannot be read ({Problem}); if the VM has a suspended domain it is left alone")]
    internal static partial void MigrationUnreadable(ILogger logger, string file, string problem);

    [LoggerMessage(2100, LogLevel.Information, "{Operation} {Vm} done in {Milliseconds} ms (task {Task}, {DebugInfo})")]
    internal static partial void OperationDone(ILogger logger, string operation, string vm, long milliseconds, string task, string debugInfo);

    [LoggerMessage(2101, LogLevel.Error, "{Operation} {Vm} failed after {Milliseconds} ms (task {Task}, {DebugInfo}): {Problem}")]
    internal static partial void OperationFailed(
        ILogger logger, string operation, string vm, long milliseconds, string task, string debugInfo, string problem);

    [LoggerMessage(2102, LogLevel.Debug, "{Atomic}")]
    internal static partial void AtomicStarts(ILogger logger, string atomic);

    [LoggerMessage(2103, LogLevel.Warning, "{Atomic} failed, ignored: {Problem}")]
    internal static partial void FailureIgnored(ILogger logger, string atomic, string problem);

    [LoggerMessage(2104, LogLevel.Error, "taking back with {Atomic} failed: {Problem}")]
    internal static partial void UndoFailed(ILogger logger, string atomic, string problem);

    [LoggerMessage(2105, LogLevel.Error, "{Atomic} failed beside another failure of its group: {Problem}")]
    internal static partial void FurtherFailure(ILogger logger, string atomic, string problem);

    [LoggerMessage(2106, LogLevel.Error, "an operation failed in a way that has no name")]
    internal static partial void UnexpectedFailure(ILogger logger, Exception error);

    [LoggerMessage(2107, LogLevel.Warning, "hook {Script} ended with exit code {Code}")]
    internal static partial void HookWarned(ILogger logger, string script, int code);

    [LoggerMessage(2108, LogLevel.Information, "domain of {Vm} ended by itself ({Reason}): {Action}")]
    internal static partial void DomainEnded(ILogger logger, string vm, string reason, string action);

    [LoggerMessage(2200, LogLevel.Information,
        "{Vm} migrated to {Destination}: {Mib:0.0} MiB in {Passes} passes and {Seconds:0.00} s, {Rate:0} MiB/s; its guest was suspended for {Downtime:0} ms of it")]
    internal static partial void Migrated(
        ILogger logger, string vm, string destination, double mib, int passes, double seconds, double rate, double downtime);

    [LoggerMessage(2211, LogLevel.Information, "{Vm} restored: {Mib:0.0} MiB in {Seconds:0.00} s, {Rate:0} MiB/s")]
    internal static partial void MemoryRestored(ILogger logger, string vm, double mib, double seconds, double rate);

    [LoggerMessage(2201, LogLevel.Information, "{Vm} synchronisation point {Point} reached")]
    internal static partial void Point(ILogger logger, string vm, string point);

    [LoggerMessage(2202, LogLevel.Warning, "{Vm} migration failed, the source goes on: {Problem}")]
    internal static partial void SourceGoesOn(ILogger logger, string vm, string problem);

    [LoggerMessage(2203, LogLevel.Error, "{Vm} migration failed after it was committed: {Problem}")]
    internal static partial void CommittedFailure(ILogger logger, string vm, string problem);

    [LoggerMessage(2204, LogLevel.Warning, "{Vm} not received, what was made of it is removed: {Problem}")]
    internal static partial void NotReceived(ILogger logger, string vm, string problem);

    [LoggerMessage(2207, LogLevel.Warning, "{Vm} migration: point 4 did not come ({Problem}), asking {Destination} what became of the VM")]
    internal static partial void AsksDestination(ILogger logger, string vm, string problem, string destination);

    [LoggerMessage(2208, LogLevel.Error, "{Vm} migration in doubt, the copy here stays suspended and is asked about again: {Problem}")]
    internal static partial void InDoubt(ILogger logger, string vm, string problem);

    [LoggerMessage(2209, LogLevel.Warning, "{Vm} migration: asked, the destination says what became of the VM: {Outcome}")]
    internal static partial void Resolved(ILogger logger, string vm, Migration.MigrationOutcome outcome);

    [LoggerMessage(2210, LogLevel.Warning, "{Id}: metadata of a VM that did not come, removed")]
    internal static partial void MetadataExpired(ILogger logger, string id);

    [LoggerMessage(2213, LogLevel.Information, "{Vm} pass {Pass}: {Pages} pages ({Zero} of them zero), {Mib:0.0} MiB in {Milliseconds} ms, {Rate:0} MiB/s; the guest wrote {Dirty} pages meanwhile")]
    internal static partial void Pass(ILogger logger, string vm, int pass, long pages, long zero, double mib, long milliseconds, double rate, long dirty);

    [LoggerMessage(2214, LogLevel.Warning, "{Vm} arrived before this daemon was restarted, what was left to do for it is done: {Outcome}")]
    internal static partial void ArrivalSettled(ILogger logger, string vm, State.ArrivalOutcome outcome);

    [LoggerMessage(2205, LogLevel.Warning, "connection handed over refused: {Problem}")]
    internal static partial void HandOverRefused(ILogger logger, string problem);

    [LoggerMessage(2206, LogLevel.Error, "hand-over socket failed, listening again: {Problem}")]
    internal static partial void HandOverFailed(ILogger logger, string problem);

    [LoggerMessage(2300, LogLevel.Information, "serving {Queue} with the {Backend} backend")]
    internal static partial void Serving(ILogger logger, string queue, string backend);

    [LoggerMessage(2301, LogLevel.Warning, "queue {Queue} not served, trying again: {Problem}")]
    internal static partial void QueueLost(ILogger logger, string queue, string problem);

    [LoggerMessage(2400, LogLevel.Warning, "domain {Domid}: {Step} failed while it is destroyed: {Problem}")]
    internal static partial void DestroyStepFailed(ILogger logger, int domid, string step, string problem);

    [LoggerMessage(2401, LogLevel.Warning, "guest of {Vm} does not come down to {Kib} KiB, it is left out of ballooning")]
    internal static partial void GuestKeepsMemory(ILogger logger, string vm, long kib);

    [LoggerMessage(2414, LogLevel.Information, "guest of {Vm} has come down to {Kib} KiB, it balloons again")]
    internal static partial void GuestGaveMemory(ILogger logger, string vm, long kib);

    [LoggerMessage(2402, LogLevel.Warning, "back end {Path} does not close, it is removed")]
    internal static partial void BackEndStays(ILogger logger, string path);

    [LoggerMessage(2403, LogLevel.Error, "watch of {Path} ended: {Problem}")]
    internal static partial void WatchFailed(ILogger logger, string path, string problem);

    [LoggerMessage(2404, LogLevel.Information, "domain {Domid} of {Vm} found running")]
    internal static partial void DomainAdopted(ILogger logger, int domid, string vm);

    [LoggerMessage(2405, LogLevel.Warning, "domain {Domid} of {Vm} was left half-made or half-destroyed, it is ended")]
    internal static partial void DomainLeftOver(ILogger logger, int domid, string vm);

    [LoggerMessage(2406, LogLevel.Information, "domain {Domid} of {Vm} is not this toolstack's, it is left alone")]
    internal static partial void DomainForeign(ILogger logger, int domid, string vm);

    [LoggerMessage(2407, LogLevel.Warning, "tree of domain {Domid}, which is gone, removed")]
    internal static partial void TreeLeftOver(ILogger logger, int domid);

    [LoggerMessage(2408, LogLevel.Error, "xenstore: {Problem}")]
    internal static partial void XenstoreFailed(ILogger logger, string problem);

    [LoggerMessage(2409, LogLevel.Warning, "balancing memory failed, tried again later: {Problem}")]
    internal static partial void BalanceFailed(ILogger logger, string problem);

    [LoggerMessage(2411, LogLevel.Warning, "{Path}, from a guest's disk, cannot be removed: {Problem}")]
    internal static partial void BootFileStays(ILogger logger, string path, string problem);

    [LoggerMessage(2412, LogLevel.Warning, "PCI device {Device} is returned as it is: {Problem}")]
    internal static partial void PciNotReset(ILogger logger, string device, string problem);

    [LoggerMessage(2413, LogLevel.Warning, "domain {Domid} goes on in log-dirty mode: {Problem}")]
    internal static partial void LogDirtyStays(ILogger logger, int domid, string problem);

    [LoggerMessage(2410, LogLevel.Warning, "the balloon of {Vm} did not come to rest within {Seconds:0} s; it is migrated with what it has")]
    internal static partial void BalloonRestless(ILogger logger, string vm, double seconds);
}

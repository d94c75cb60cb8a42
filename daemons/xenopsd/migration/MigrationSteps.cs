using System.Diagnostics;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// The places in a migration at which tests of recovery disturb it. A file, where one is configured, says how and where:
/// <c>abort &lt;step&gt;</c> ends the process as <c>kill -9</c> does, <c>cut &lt;step&gt;</c> ends the migration's connections.
/// Whoever reaches the step removes the file first, so that it happens once, also when the process is started again.
/// Without a file of that name, and always outside of tests, a step is only passed.
/// </summary>
/// <param name="path">The file; empty for none.</param>
public sealed class MigrationSteps(string path)
{
    public const string SendPrepared = "send.prepared";
    public const string SendMetadata = "send.metadata";
    public const string SendVmConnected = "send.vm-connected";
    public const string SendVgpusConnected = "send.vgpu-connected";
    public const string SendPointOne = "send.point1";
    public const string SendMemoryConnected = "send.mem-connected";
    public const string SendMemoryAcknowledged = "send.mem-acked";
    public const string SendSaving = "send.saving";
    public const string SendSuspending = "send.suspending";
    public const string SendSuspended = "send.suspended";
    public const string SendPointTwo = "send.point2";
    public const string SendDrained = "send.drained";
    public const string SendPointThree = "send.point3-sent";
    public const string SendPointFour = "send.point4-heard";
    public const string SendFinished = "send.finished";

    public const string ReceiveBegun = "receive.begun";
    public const string ReceiveVgpus = "receive.vgpu";
    public const string ReceiveCreated = "receive.created";
    public const string ReceivePointOne = "receive.point1";
    public const string ReceiveMemory = "receive.mem";
    public const string ReceiveRestoring = "receive.restoring";
    public const string ReceiveRestored = "receive.restored";
    public const string ReceivePointTwo = "receive.point2";
    public const string ReceivePointThree = "receive.point3-heard";
    public const string ReceiveTaken = "receive.taken";
    public const string ReceiveDecided = "receive.decided";
    public const string ReceiveRunning = "receive.running";
    public const string ReceivePointFour = "receive.point4";

    /// <summary>A share of the memory that is neither nothing nor all of it.</summary>
    private const double Middle = 0.3;

    public static MigrationSteps Undisturbed { get; } = new("");

    /// <summary>Called when <paramref name="step"/> is reached.</summary>
    /// <param name="step">One of the names above.</param>
    /// <param name="connections">The migration's, as far as there are any.</param>
    public void Reach(string step, params ReadOnlySpan<MigrationConnection?> connections)
    {
        if (path.Length == 0 || Claim(step) is not { } how)
        {
            return;
        }

        if (how == "abort")
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite);
        }

        foreach (var connection in connections)
        {
            connection?.Cut();
        }
    }

    /// <summary>The same for a step that is in the midst of the memory, told its progress.</summary>
    internal void ReachWithin(string step, double progress, params ReadOnlySpan<MigrationConnection?> connections)
    {
        if (path.Length > 0 && progress >= Middle)
        {
            Reach(step, connections);
        }
    }

    private string? Claim(string step)
    {
        try
        {
            if (File.ReadAllText(path).Trim().Split(' ') is [var how and ("abort" or "cut"), var at] && at == step)
            {
                File.Delete(path);
                return how;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not there: nothing is to be disturbed.
        }

        return null;
    }
}

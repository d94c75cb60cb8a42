namespace Toolstack.Xenopsd.Executor;

/// <summary>Every bound of the executor, its tasks and its updates.</summary>
public static class ExecutorLimits
{
    /// <summary>Children of a parallel group that run at the same time (xenops protocol).</summary>
    public const int MaxParallelAtoms = 10;

    /// <summary>Operations that wait for one VM; one more is refused.</summary>
    public const int MaxQueuedPerTag = 256;

    /// <summary>Tasks that are kept; the oldest finished one makes place, and with none finished a new task is refused.</summary>
    public const int MaxTasks = 4096;

    /// <summary>Tasks that were taken and can be taken once more: by a client that did not get the answer.</summary>
    public const int MaxTaken = 64;

    /// <summary>Clients that wait for the end of a task; half of the calls that are served at a time, so that others are served beside them.</summary>
    public const int MaxTakers = 64;

    /// <summary>Cancel triggers that wait for their task; they are set by tests only.</summary>
    public const int MaxCancelTriggers = 64;

    /// <summary>Workers that one pool may be given.</summary>
    public const int MaxWorkers = 256;

    /// <summary>VMs that are no longer here and whose end is still reported.</summary>
    public const int MaxEnded = 1024;

    /// <summary>Barriers that wait to be removed.</summary>
    public const int MaxBarriers = 4096;

    /// <summary>The shortest time between two signals of a task's progress; its end is always signalled.</summary>
    public static readonly TimeSpan ProgressPause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long one plain step may take (xenops protocol).</summary>
    public static readonly TimeSpan AtomicDeadline = TimeSpan.FromSeconds(1200);

    /// <summary>What a step that waits for a stated time may take beyond it.</summary>
    public static readonly TimeSpan ShutdownGrace = TimeSpan.FromSeconds(60);

    /// <summary>How long taking one step back may take.</summary>
    public static readonly TimeSpan UndoDeadline = TimeSpan.FromSeconds(120);

    /// <summary>How long a call waits for an operation it queued (xenops protocol).</summary>
    public static readonly TimeSpan OperationWait = TimeSpan.FromSeconds(1200);

    /// <summary>How long a guest may take to acknowledge a shutdown request (xenops protocol).</summary>
    public static readonly TimeSpan ShutdownAck = TimeSpan.FromSeconds(60);

    /// <summary>Shortest time between two answers of UPDATES.get that nobody waits for: each makes a client look at every object it names.</summary>
    public static readonly TimeSpan UpdatesSpacing = TimeSpan.FromMilliseconds(10);

    /// <summary>Longest wait for the end of a task in one call.</summary>
    public static readonly TimeSpan TakeWait = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait of one UPDATES.get; a client without a timeout asks again.</summary>
    public static readonly TimeSpan UpdatesWait = TimeSpan.FromHours(1);

    /// <summary>A domain that ended sooner than this after its start is not started again at once (xenops protocol).</summary>
    public static readonly TimeSpan MinimumUptime = TimeSpan.FromSeconds(120);

    /// <summary>The pause before such a domain is started again.</summary>
    public static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(15);
}

using System.Diagnostics;

namespace Toolstack.EndToEnd.Pool;

/// <summary>One native daemon under supervision: started, waited for (READY=1), restarted when it fails (as systemd's
/// Restart=on-failure does), stopped. Raises <see cref="PoolFailure"/> when it does not become ready.</summary>
public sealed class ManagedDaemon : IDisposable
{
    private const int SigKill = 9;
    private const int SigTerm = 15;

    private readonly Lock gate = new();
    private readonly string program;
    private readonly string configFile;
    private readonly NotifySocket notify;
    private readonly Func<IReadOnlyList<string>> launch;
    private readonly Action<ManagedDaemon> started;
    private Process? process;
    private Task supervision = Task.CompletedTask;
    private bool held = true;
    private volatile int inRow;

    internal ManagedDaemon(string name, string program, string configFile, string runDirectory, Func<IReadOnlyList<string>> launch, Action<ManagedDaemon> started)
    {
        Name = name;
        this.program = program;
        this.configFile = configFile;
        this.launch = launch;
        this.started = started;
        LogFile = Path.Combine(runDirectory, name + ".log");
        notify = new NotifySocket(Path.Combine(runDirectory, name + ".notify"));
    }

    public string Name { get; }

    /// <summary>What the daemon wrote on its standard error, over all its lives.</summary>
    public string LogFile { get; }

    /// <summary>The process id of the present or last life; 0 before the first.</summary>
    public int Pid => process?.Id ?? 0;

    public bool Running => process is { HasExited: false };

    /// <summary>How often the supervisor had to start the daemon again.</summary>
    public int Restarts { get; private set; }

    /// <summary>From exec to READY=1 in the present life.</summary>
    public TimeSpan StartToReady { get; private set; }

    /// <summary>Starts the daemon, waits until it is ready and supervises it from then on.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        held = false;
        inRow = 0;
        await LaunchAsync(cancellation);
        supervision = SuperviseAsync();
    }

    /// <summary>kill -9; the supervisor starts it again, however often: that is not the daemon's own fault.</summary>
    public void Kill()
    {
        inRow = 0;
        Spawner.Signal(Pid, SigKill);
    }

    /// <summary>kill -9, and stays dead until <see cref="StartAsync"/>.</summary>
    public async Task HoldDeadAsync()
    {
        lock (gate)
        {
            held = true;
            Kill();
        }

        await supervision;
    }

    /// <summary>Waits until a life after the one of <paramref name="pid"/> is ready.</summary>
    public async Task WaitForRestartAsync(int pid, CancellationToken cancellation)
    {
        var deadline = Stopwatch.StartNew();
        while (Pid == pid || StartToReady == TimeSpan.Zero)
        {
            if (deadline.Elapsed > PoolLimits.ReadyDeadline)
            {
                throw new PoolFailure($"{Name} was not started again: {LogTail()}");
            }

            await Task.Delay(PoolLimits.PollInterval, cancellation);
        }
    }

    /// <summary>SIGTERM, then SIGKILL after a deadline. Gives the exit status (137 when it had to be killed).</summary>
    public async Task<int> StopAsync()
    {
        lock (gate)
        {
            held = true;
            Spawner.Signal(Running ? Pid : 0, SigTerm);
        }

        if (await Task.WhenAny(supervision, Task.Delay(PoolLimits.StopDeadline)) != supervision)
        {
            Kill();
            await supervision;
        }

        return process?.ExitCode ?? 0;
    }

    /// <summary>The last lines of the log, for messages.</summary>
    public string LogTail() => File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(15)) : "(no log)";

    public void Dispose()
    {
        notify.Dispose();
        process?.Dispose();
    }

    private async Task SuperviseAsync()
    {
        while (true)
        {
            await process!.WaitForExitAsync(CancellationToken.None);
            if (held || process.ExitCode == 0 || ++inRow > PoolLimits.MaxRestarts)
            {
                return;
            }

            Restarts++;
            await Task.Delay(PoolLimits.RestartDelay);
            try
            {
                await LaunchAsync(CancellationToken.None);
            }
            catch (PoolFailure)
            {
                // The life that failed is over; the loop decides whether there is another.
            }
        }
    }

    private async Task LaunchAsync(CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        lock (gate)
        {
            if (held)
            {
                return;
            }

            notify.Drain();
            StartToReady = TimeSpan.Zero;
            var environment = new Dictionary<string, string> { ["NOTIFY_SOCKET"] = notify.Path, ["WATCHDOG_USEC"] = "30000000" };
            process = Spawner.Start([.. launch(), program, "--config", configFile], LogFile, environment);
        }

        await WaitReadyAsync(process, cancellation);
        StartToReady = clock.Elapsed;
        started(this);
    }

    private async Task WaitReadyAsync(Process life, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        over.CancelAfter(PoolLimits.ReadyDeadline);
        var ready = notify.WaitReadyAsync(over.Token);
        await Task.WhenAny(ready, life.WaitForExitAsync(over.Token));
        if (ready.IsCompletedSuccessfully)
        {
            return;
        }

        await over.CancelAsync();
        Spawner.Signal(life.Id, SigKill);
        await life.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        throw new PoolFailure($"{Name} did not become ready (exit status {life.ExitCode}):\n{LogTail()}");
    }
}

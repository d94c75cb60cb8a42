using System.Globalization;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// One domain: its frames, its vCPUs and its state. Made empty and paused, as Xen does it; runs when it is built, not paused and
/// not shut down. Every change of state happens under one lock and is announced after it.
/// </summary>
internal sealed class SimulatedDomain : IAsyncDisposable
{
    private readonly Lock _sync = new();
    private readonly Action _changed;
    private readonly GuestMemory _memory;
    private readonly List<SimulatedVcpu> _vcpus = [];
    private readonly CancellationTokenSource _destroyed = new();
    private TaskCompletionSource _next = NewSignal();
    private Task _transfer = Task.CompletedTask;
    private bool _built;
    private bool _paused = true;
    private ShutdownReason? _shutdown;

    public SimulatedDomain(int domid, DomainConfig config, SimulatorOptions options, Action<SimulatedDomain> changed)
    {
        Domid = domid;
        Config = config;
        _changed = () => changed(this);
        StartTime = DateTimeOffset.UtcNow;
        _memory = new GuestMemory($"domain-{domid}", config.MemoryLimitBytes / StreamLimits.PageSize, options.HugePages);
    }

    public int Domid { get; }

    /// <summary>Changes when the VM is renamed.</summary>
    public DomainConfig Config { get; set; }

    public DateTimeOffset StartTime { get; }

    public GuestMemory Memory => _memory;

    /// <summary>What travels with the guest beside its memory; replaced by a restore.</summary>
    public GuestState State { get; } = new();

    public bool IgnoresShutdown => SimulatedPlatform.Flag(Config.Platform, SimulatorKeys.IgnoreShutdown);

    public DomainStatus GetStatus()
    {
        lock (_sync)
        {
            return new DomainStatus(
                Domid,
                _paused,
                _shutdown,
                _memory.PageCount * StreamLimits.PageSize,
                Config.MemoryTargetBytes,
                Config.MemoryLimitBytes,
                Config.Vcpus,
                StartTime,
                DateTimeOffset.UtcNow - StartTime);
        }
    }

    /// <summary>Boots the guest program in fresh memory. Takes as long as filling the working set does.</summary>
    public void Build()
    {
        var count = Config.Vcpus;
        var pages = _memory.PageCount / count;
        var wanted = SimulatedPlatform.WorkingSetPages(Config.Platform, _memory.PageCount) / count;
        var rate = SimulatedPlatform.DirtyRate(Config.Platform) / count;
        var seed = (ulong)Random.Shared.NextInt64();
        List<GuestSlice> slices = [];
        for (var i = 0; i < count; i++)
        {
            slices.Add(GuestSlice.Boot(_memory, i * pages, pages, wanted, seed + (ulong)i, rate));
        }

        Start(slices);
    }

    /// <summary>Makes vCPUs for slices that are in memory; the domain stays paused.</summary>
    public void Start(IEnumerable<GuestSlice> slices)
    {
        lock (_sync)
        {
            RequireBuilt(false);

            foreach (var slice in slices)
            {
                _vcpus.Add(new SimulatedVcpu($"dom{Domid}v{_vcpus.Count}", slice));
            }

            _built = true;
        }
    }

    public void SetPaused(bool paused) => Change(() => _paused = paused);

    /// <summary>Cooperative resume of a guest that had suspended.</summary>
    public void Resume() => Change(() =>
    {
        if (_shutdown is not ShutdownReason.Suspend)
        {
            throw XenopsError.Internal($"domain {Domid} is not suspended");
        }

        _shutdown = null;
    });

    /// <summary>The guest's answer to a request: false when it does not listen (paused, shut down, or told to ignore it).</summary>
    public bool TryShutdown(ShutdownReason reason)
    {
        lock (_sync)
        {
            if (!IsRunning || (IgnoresShutdown && reason != ShutdownReason.Crash))
            {
                return false;
            }

            _shutdown = reason;
            ApplyRunning();
        }

        _changed();
        return true;
    }

    /// <summary>Asks until the guest acknowledges; false when the time is over.</summary>
    public Task<bool> RequestShutdownAsync(ShutdownReason reason, TimeSpan timeout, CancellationToken cancel) =>
        UntilAsync(() => TryShutdown(reason), timeout, cancel);

    /// <summary>Waits until the domain is shut down for that reason; false when the time is over.</summary>
    public Task<bool> WaitShutdownAsync(ShutdownReason reason, TimeSpan timeout, CancellationToken cancel) =>
        UntilAsync(() => GetStatus().ShutdownReason == reason, timeout, cancel);

    /// <summary>Does something to every slice while none of them moves.</summary>
    public T WithSlices<T>(Func<IReadOnlyList<GuestSlice>, T> action)
    {
        lock (_sync)
        {
            RequireAlive();
            if (!_built)
            {
                throw new XenopsError(new XenopsErrorValue.Domain_not_built());
            }

            var running = IsRunning;
            SetVcpus(false);
            var slices = _vcpus.ConvertAll(v => v.Slice);
            if (running)
            {
                slices.ForEach(s => s.Tick());
            }

            try
            {
                return action(slices);
            }
            finally
            {
                if (running)
                {
                    slices.ForEach(s => s.SkipTime());
                    SetVcpus(true);
                }
            }
        }
    }

    /// <summary>Refuses a save of a domain without a guest, and a build or restore over one.</summary>
    public void RequireBuilt(bool built)
    {
        lock (_sync)
        {
            RequireAlive();
            if (_built != built)
            {
                throw built
                    ? new XenopsError(new XenopsErrorValue.Domain_not_built())
                    : XenopsError.Internal($"domain {Domid} is built already");
            }
        }
    }

    /// <summary>Runs a save or a restore on a thread of its own. One at a time; a destroy of the domain cancels it and waits.</summary>
    public Task<T> TransferAsync<T>(Func<CancellationToken, T> copy, CancellationToken cancel)
    {
        lock (_sync)
        {
            RequireAlive();
            if (!_transfer.IsCompleted)
            {
                throw XenopsError.Internal($"domain {Domid} is being copied already");
            }

            var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, _destroyed.Token);
            var task = Task.Factory.StartNew(
                () =>
                {
                    using (linked)
                    {
                        return copy(linked.Token);
                    }
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            _transfer = task;
            return task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _destroyed.CancelAsync().ConfigureAwait(false);
        Task transfer;
        lock (_sync)
        {
            transfer = _transfer;
        }

        // The copy loop reads the frames: they may go only after it.
        await transfer.ContinueWith(static _ => { }, TaskScheduler.Default).ConfigureAwait(false);
        lock (_sync)
        {
            _vcpus.ForEach(v => v.Stop());
            _vcpus.Clear();
            _built = false;
            _memory.Dispose();
        }
    }

    public override string ToString() => Domid.ToString(CultureInfo.InvariantCulture);

    private bool IsRunning => _built && !_paused && _shutdown is null;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Action change)
    {
        lock (_sync)
        {
            RequireAlive();
            change();
            ApplyRunning();
        }

        _changed();
    }

    private void ApplyRunning()
    {
        SetVcpus(IsRunning);
        _next.TrySetResult();
        _next = NewSignal();
    }

    private void SetVcpus(bool running)
    {
        foreach (var vcpu in _vcpus)
        {
            vcpu.SetRunning(running);
        }
    }

    /// <summary>Tries at once and after each change of state.</summary>
    private async Task<bool> UntilAsync(Func<bool> done, TimeSpan timeout, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel, _destroyed.Token);
        deadline.CancelAfter(timeout);
        while (true)
        {
            Task next;
            lock (_sync)
            {
                // Taken before the look, so that a change between the two is not missed.
                next = _next.Task;
            }

            if (done())
            {
                return true;
            }

            try
            {
                await next.WaitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return done();
            }
        }
    }

    private void RequireAlive()
    {
        if (_destroyed.IsCancellationRequested)
        {
            throw XenopsError.DoesNotExist("domain", Config.VmId);
        }
    }
}

using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xenopsd;

/// <summary>A backend that fails where a test wants it to, and is the one inside otherwise.</summary>
internal sealed class FaultyBackend(IBackend inner) : IBackend
{
    private readonly TaskCompletionSource saving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>RestoreAsync fails once it has taken all bytes.</summary>
    internal bool Restore { get; init; }

    /// <summary>RenameAsync fails.</summary>
    internal bool Rename { get; init; }

    /// <summary>SaveAsync waits for its cancellation before it starts.</summary>
    internal bool SlowSave { get; init; }

    public event Action<string>? Changed
    {
        add => inner.Changed += value;
        remove => inner.Changed -= value;
    }

    public event Action<string>? ViewChanged
    {
        add => inner.ViewChanged += value;
        remove => inner.ViewChanged -= value;
    }

    public event Action<DynamicId>? DeviceChanged
    {
        add => inner.DeviceChanged += value;
        remove => inner.DeviceChanged -= value;
    }

    public IDeviceBackend Devices => inner.Devices;

    public string Hypervisor => inner.Hypervisor;

    internal static Task SaveStarted(TestHost host) => ((FaultyBackend)host.Engine.Backend).saving.Task;

    public Toolstack.Xenopsd.Backends.HostInfo GetHostInfo() => inner.GetHostInfo();

    public Task<int> CreateAsync(DomainConfig config, CancellationToken cancel) => inner.CreateAsync(config, cancel);

    public Task BuildAsync(string vmId, CancellationToken cancel) => inner.BuildAsync(vmId, cancel);

    public Task PauseAsync(string vmId, CancellationToken cancel) => inner.PauseAsync(vmId, cancel);

    public Task UnpauseAsync(string vmId, CancellationToken cancel) => inner.UnpauseAsync(vmId, cancel);

    public Task DestroyAsync(string vmId, CancellationToken cancel) => inner.DestroyAsync(vmId, cancel);

    public Task<bool> RequestShutdownAsync(string vmId, ShutdownReason reason, TimeSpan ackTimeout, CancellationToken cancel) =>
        inner.RequestShutdownAsync(vmId, reason, ackTimeout, cancel);

    public Task<bool> WaitShutdownAsync(string vmId, ShutdownReason reason, TimeSpan timeout, CancellationToken cancel) =>
        inner.WaitShutdownAsync(vmId, reason, timeout, cancel);

    public async Task<SaveStatistics> SaveAsync(string vmId, SaveOptions options, IDataChannel data, Func<CancellationToken, Task> beforeSuspend,
        IProgress<double> progress, CancellationToken cancel)
    {
        saving.TrySetResult();
        if (SlowSave)
        {
            await Task.Delay(Timeout.Infinite, cancel);
        }

        return await inner.SaveAsync(vmId, options, data, beforeSuspend, progress, cancel);
    }

    public async Task<RestoreStatistics> RestoreAsync(string vmId, IDataChannel data, IProgress<double> progress, CancellationToken cancel)
    {
        var statistics = await inner.RestoreAsync(vmId, data, progress, cancel);
        return Restore ? throw XenopsError.Internal("this backend does not restore") : statistics;
    }

    public Task ForgetGoneAsync(string vmId, CancellationToken cancel) => inner.ForgetGoneAsync(vmId, cancel);

    public Task ResumeAsync(string vmId, CancellationToken cancel) => inner.ResumeAsync(vmId, cancel);

    public Task RenameAsync(string vmId, string newVmId, CancellationToken cancel) =>
        Rename ? throw new XenopsError(new XenopsErrorValue.IO_error()) : inner.RenameAsync(vmId, newVmId, cancel);

    public DomainStatus? GetStatus(string vmId) => inner.GetStatus(vmId);

    public IReadOnlyList<string> ListDomains() => inner.ListDomains();

    public Task<string> RunScriptAsync(string vmId, string script, CancellationToken cancel) => inner.RunScriptAsync(vmId, script, cancel);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

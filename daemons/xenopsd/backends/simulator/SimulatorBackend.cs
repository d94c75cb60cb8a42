using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// The backend where there is no Xen: domains with real memory and vCPUs that really write to it, moved by the same engines and
/// the same stream as real ones. See <see cref="SimulatorKeys"/> for what a VM's platform data may ask of its guest and
/// <see cref="GuestScripts"/> for what a guest answers.
/// </summary>
public sealed class SimulatorBackend(SimulatorOptions simulator) : IBackend
{
    private readonly SimulatedHost _host = new(simulator);

    public event Action<string>? Changed;

    public string Hypervisor => "simulator";

    public HostInfo GetHostInfo() => new(simulator.CpuCount, simulator.TotalMemoryBytes, _host.FreeBytes, "simulator 1", "hvm-3.0-x86_64");

    public Task<int> CreateAsync(DomainConfig config, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(config);
        cancel.ThrowIfCancellationRequested();
        var domain = _host.Create(config, Announce);
        Announce(domain);
        return Task.FromResult(domain.Domid);
    }

    public async Task BuildAsync(string vmId, CancellationToken cancel)
    {
        var domain = _host.Get(vmId);
        domain.RequireBuilt(false);
        await domain.TransferAsync(_ => DomainTransfer.Mapped("build", () => { domain.Build(); return true; }), cancel).ConfigureAwait(false);
        Announce(domain);
    }

    public Task PauseAsync(string vmId, CancellationToken cancel) => OnDomain(vmId, d => d.SetPaused(true), cancel);

    public Task UnpauseAsync(string vmId, CancellationToken cancel) => OnDomain(vmId, d => d.SetPaused(false), cancel);

    public Task ResumeAsync(string vmId, CancellationToken cancel) => OnDomain(vmId, d => d.Resume(), cancel);

    public async Task DestroyAsync(string vmId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var domain = _host.Get(vmId);
        await domain.DisposeAsync().ConfigureAwait(false);
        _host.Remove(domain);
        Announce(domain);
    }

    public Task<bool> RequestShutdownAsync(string vmId, ShutdownReason reason, TimeSpan ackTimeout, CancellationToken cancel) =>
        _host.Get(vmId).RequestShutdownAsync(reason, ackTimeout, cancel);

    public Task<bool> WaitShutdownAsync(string vmId, ShutdownReason reason, TimeSpan timeout, CancellationToken cancel) =>
        _host.Get(vmId).WaitShutdownAsync(reason, timeout, cancel);

    public Task<SaveStatistics> SaveAsync(
        string vmId,
        SaveOptions options,
        IDataChannel data,
        Func<CancellationToken, Task> beforeSuspend,
        IProgress<double> progress,
        CancellationToken cancel)
    {
        var domain = _host.Get(vmId);
        domain.RequireBuilt(true);
        DomainTransfer source = new(domain, simulator);
        return domain.TransferAsync(
            token => DomainTransfer.Mapped("save", () => SaveEngine.Run(source, data, options, beforeSuspend, progress, token)), cancel);
    }

    public Task<RestoreStatistics> RestoreAsync(string vmId, IDataChannel data, IProgress<double> progress, CancellationToken cancel)
    {
        var domain = _host.Get(vmId);
        domain.RequireBuilt(false);
        DomainTransfer target = new(domain, simulator);
        return domain.TransferAsync(
            token => DomainTransfer.Mapped("restore", () => RestoreEngine.Run(target, data, progress, token)), cancel);
    }

    public Task RenameAsync(string vmId, string newVmId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        _host.Rename(vmId, newVmId);
        Changed?.Invoke(vmId);
        Changed?.Invoke(newVmId);
        return Task.CompletedTask;
    }

    public DomainStatus? GetStatus(string vmId) => _host.Find(vmId)?.GetStatus();

    public IReadOnlyList<string> ListDomains() => _host.List();

    /// <summary>The guest's answer to one of <see cref="GuestScripts"/>.</summary>
    public Task<string> RunScriptAsync(string vmId, string script, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(script);
        var domain = _host.Get(vmId);
        return Task.Run(() => GuestScripts.Run(domain, script), cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var vmId in _host.List())
        {
            if (_host.Find(vmId) is { } domain)
            {
                await domain.DisposeAsync().ConfigureAwait(false);
                _host.Remove(domain);
            }
        }
    }

    private Task OnDomain(string vmId, Action<SimulatedDomain> action, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        action(_host.Get(vmId));
        return Task.CompletedTask;
    }

    private void Announce(SimulatedDomain domain) => Changed?.Invoke(domain.Config.VmId);
}

using System.Collections.Concurrent;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen;

/// <summary>
/// Domains of a real Xen. A VM's id is the handle of its domain. What domctl and sysctl can do alone is here: the host, the
/// domains and their state, pause, unpause, destroy. Everything that needs a guest's memory, xenstore or the domain builder
/// raises XenopsError Unimplemented with its name.
/// </summary>
public sealed class XenBackend : IBackend
{
    private const int ControlDomain = 0;

    private readonly XenHost xen;
    private readonly ConcurrentDictionary<int, DateTimeOffset> firstSeen = new();

    private XenBackend(XenHost xen) => this.xen = xen;

    /// <summary>Raised after a call of this daemon changed a domain; changes from elsewhere are seen by asking.</summary>
    public event Action<string>? Changed;

    /// <summary>True where there is a Xen to talk to.</summary>
    public static bool Available => XenHost.Available;

    public string Hypervisor => "xen";

    /// <summary>Opens the hypervisor of this host. Raises HypervisorError when there is none, or when it speaks no known version of its interfaces.</summary>
    public static XenBackend Open() => new(XenHost.Open());

    public HostInfo GetHostInfo()
    {
        var machine = xen.Machine();
        return new HostInfo(
            machine.Cpus, machine.TotalMemoryBytes, machine.FreeMemoryBytes, $"{machine.MajorVersion}.{machine.MinorVersion}", machine.Capabilities);
    }

    public Task PauseAsync(string vmId, CancellationToken cancel) => Change(vmId, domain => xen.Pause(domain.Domid));

    public Task UnpauseAsync(string vmId, CancellationToken cancel) => Change(vmId, domain => xen.Unpause(domain.Domid));

    public Task DestroyAsync(string vmId, CancellationToken cancel) => Change(vmId, domain => xen.Destroy(domain.Domid, cancel));

    public DomainStatus? GetStatus(string vmId)
    {
        if (Find(vmId) is not { } domain)
        {
            return null;
        }

        // Xen does not tell when a domain was made: xenstore does, which is not read yet.
        var start = firstSeen.GetOrAdd(domain.Domid, _ => DateTimeOffset.UtcNow);
        return new DomainStatus(
            domain.Domid,
            domain.Paused,
            domain.ShutdownCode is { } code ? (ShutdownReason)code : null,
            domain.MemoryBytes,
            domain.MemoryBytes,
            domain.MaxMemoryBytes,
            domain.OnlineVcpus,
            start,
            DateTimeOffset.UtcNow - start);
    }

    public IReadOnlyList<string> ListDomains() =>
        [.. xen.Domains().Where(domain => domain.Domid != ControlDomain && !domain.Dying).Select(domain => domain.Handle.ToString())];

    public Task<int> CreateAsync(DomainConfig config, CancellationToken cancel) => throw Unimplemented("create");

    public Task BuildAsync(string vmId, CancellationToken cancel) => throw Unimplemented("build");

    public Task<bool> RequestShutdownAsync(string vmId, ShutdownReason reason, TimeSpan ackTimeout, CancellationToken cancel) =>
        throw Unimplemented("request_shutdown");

    public Task<bool> WaitShutdownAsync(string vmId, ShutdownReason reason, TimeSpan timeout, CancellationToken cancel) =>
        throw Unimplemented("wait_shutdown");

    public Task<SaveStatistics> SaveAsync(
        string vmId,
        SaveOptions options,
        IDataChannel data,
        Func<CancellationToken, Task> beforeSuspend,
        IProgress<double> progress,
        CancellationToken cancel) => throw Unimplemented("save");

    public Task<RestoreStatistics> RestoreAsync(string vmId, IDataChannel data, IProgress<double> progress, CancellationToken cancel) =>
        throw Unimplemented("restore");

    public Task ResumeAsync(string vmId, CancellationToken cancel) => throw Unimplemented("resume");

    public Task RenameAsync(string vmId, string newVmId, CancellationToken cancel) => throw Unimplemented("rename");

    public Task<string> RunScriptAsync(string vmId, string script, CancellationToken cancel) => throw Unimplemented("run_script");

    public ValueTask DisposeAsync()
    {
        xen.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task Change(string vmId, Action<XenDomain> change)
    {
        change(Find(vmId) ?? throw XenopsError.DoesNotExist("VM", vmId));
        Changed?.Invoke(vmId);
        return Task.CompletedTask;
    }

    private XenDomain? Find(string vmId) => Guid.TryParse(vmId, out var handle)
        ? xen.Domains().FirstOrDefault(domain => domain.Handle == handle && domain.Domid != ControlDomain && !domain.Dying)
        : null;

    private static XenopsError Unimplemented(string operation) => new(new XenopsErrorValue.Unimplemented("xen backend: " + operation));
}

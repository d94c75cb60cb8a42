using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.GuestOs;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Hypercalls;

/// <summary>The hypercalls of one connection: what it holds (log-dirty mode, descriptors on their way) ends with it.</summary>
internal sealed class Hypercalls(SimulatedHost host, FaultTable faults, IFaultTargets targets) : IHypercalls, IDisposable
{
    private readonly Dictionary<long, LogDirtySession> logDirty = [];

    /// <summary>Descriptors to send with the reply of the call under way; not owned.</summary>
    public List<SafeHandle> Descriptors { get; } = [];

    public Task<MachineInfo> Machine(CancellationToken cancel) => Call(new(null, cancel), () => new MachineInfo
    {
        cpus = host.Options.Cpus,
        total_memory = host.Options.MemoryBytes,
        free_memory = host.FreeBytes,
        capabilities = "hvm-3.0-x86_64",
        xenstore_path = host.Options.XenstorePath,
        pid = Environment.ProcessId,
        cpu_features = host.Options.CpuFeatures,
    });

    public Task<ImmutableArray<DomainInfo>> Domains(CancellationToken cancel) =>
        Call(new(null, cancel), () => host.List().Select(d => d.Describe()).ToImmutableArray());

    public Task<DomainInfo> Domain(long domid, CancellationToken cancel) => On(new(domid, cancel), d => d.Describe());

    public Task<string> Console(CancellationToken cancel) => Call(new(null, cancel), host.Console.Read);

    public Task<string> GuestConsole(long domid, CancellationToken cancel) => On(new(domid, cancel), d => d.Console.Read());

    public Task<string> Inspect(long domid, string script, CancellationToken cancel) => On(new(domid, cancel), d =>
        GuestScripts.Inspect(d, script) ?? throw new HypercallError(LibC.EINVAL, $"'{script}' does not inspect"));

    public Task<long> Create(NewDomainInfo domain, CancellationToken cancel) => Call(new(null, cancel), () => (long)host.Create(domain).Domid);

    public Task SetHandle(long domid, string handle, CancellationToken cancel) => On(new(domid, cancel), d =>
        d.Handle = Guid.TryParse(handle, out var value) ? value : throw new HypercallError(LibC.EINVAL, $"handle {handle}"));

    public Task SetMaxMemory(long domid, long bytes, CancellationToken cancel) =>
        On(new(domid, cancel), d => d.MaxMemoryBytes = NotNegative(bytes));

    public Task SetPagingPool(long domid, long bytes, CancellationToken cancel) =>
        On(new(domid, cancel), d => Done(() => host.SetPagingPool(d, NotNegative(bytes))));

    public Task SetAffinity(long domid, long vcpu, ImmutableArray<long> cpus, CancellationToken cancel) => On(new(domid, cancel), d =>
        vcpu >= 0 && vcpu < d.MaxVcpus && cpus.All(c => c >= 0 && c < host.Options.Cpus)
            ? true
            : throw new HypercallError(LibC.EINVAL, $"vCPU {vcpu} on CPUs {string.Join(',', cpus)}"));

    public Task SetScheduling(long domid, long weight, long cap, CancellationToken cancel) => On(new(domid, cancel), _ =>
        weight is > 0 and <= ushort.MaxValue && cap is >= 0 and <= ushort.MaxValue
            ? true
            : throw new HypercallError(LibC.EINVAL, $"weight {weight}, cap {cap}"));

    public Task<long> AllocatePort(long domid, long remote, CancellationToken cancel) => On(new(domid, cancel), d => (long)d.AllocatePort());

    public Task AssignDevice(long domid, string address, CancellationToken cancel) =>
        Call(new(domid, cancel), () => Done(() => host.AssignDevice(Owner(domid), address)));

    public Task DeassignDevice(long domid, string address, CancellationToken cancel) =>
        Call(new(domid, cancel), () => Done(() => host.DeassignDevice(Owner(domid), address)));

    public Task StartVgpu(long domid, string card, string device, bool saved, CancellationToken cancel) => On(new(domid, cancel), d => Done(() =>
    {
        host.AssignDevice(d.Domid, $"vgpu {card} {d.Domid}.{device}");
        d.StartVgpu(device, saved);
    }));

    public Task<ImmutableArray<VgpuInfo>> Vgpus(long domid, CancellationToken cancel) => On(new(domid, cancel), d =>
        d.Shutdown == ShutdownCode.Suspend ? d.Vgpus() : throw new HypercallError(LibC.EBUSY, $"domain {domid} is not suspended"));

    public Task SetVgpu(long domid, VgpuInfo vgpu, CancellationToken cancel) => On(new(domid, cancel), d => Done(() => d.RestoreVgpu(vgpu)));

    public Task Pause(long domid, CancellationToken cancel) => On(new(domid, cancel), d => Done(d.Pause));

    public Task Unpause(long domid, CancellationToken cancel) => On(new(domid, cancel), d => Done(d.Unpause));

    public Task ShutDown(long domid, long reason, CancellationToken cancel) => On(new(domid, cancel), d => Done(() =>
        d.ShutDown(Enum.IsDefined((ShutdownCode)reason) ? (ShutdownCode)reason : throw new HypercallError(LibC.EINVAL, $"reason {reason}"))));

    public Task Resume(long domid, CancellationToken cancel) => On(new(domid, cancel), d => Done(d.Resume));

    public Task<bool> IsAsleep(long domid, CancellationToken cancel) => On(new(domid, cancel), static d => d.Asleep);

    public Task Wake(long domid, CancellationToken cancel) => On(new(domid, cancel), d => Done(d.Wake));

    public Task SoftReset(long domid, CancellationToken cancel) => On(new(domid, cancel), d => Done(d.SoftReset));

    public Task Destroy(long domid, CancellationToken cancel) => On(new(domid, cancel), d => Done(() => host.Destroy(d)));

    public Task<RingFrames> Build(long domid, GuestImageInfo image, CancellationToken cancel) =>
        On(new(domid, cancel), d => host.Build(d, image));

    public Task PrepareRestore(long domid, CancellationToken cancel) => On(new(domid, cancel), d =>
        Done(() => d.GiveMemory((Math.Max(d.MaxMemoryBytes, d.AddressSpaceBytes) / GuestMemory.PageSize) + HostLimits.SpecialPages, fresh: true)));

    public Task<RingFrames> SetContext(long domid, GuestContext context, CancellationToken cancel) =>
        On(new(domid, cancel), d => host.SetContext(d, context));

    public Task<GuestContext> GetContext(long domid, CancellationToken cancel) => On(new(domid, cancel), d => d.GetContext());

    public Task<long> MapMemory(long domid, CancellationToken cancel) => On(new(domid, cancel), d =>
    {
        var memory = d.Memory;
        Descriptors.Add(memory.Share(domid));
        return memory.PageCount * GuestMemory.PageSize;
    });

    public Task<long> EnableLogDirty(long domid, CancellationToken cancel) => On(new(domid, cancel), d =>
    {
        EndLogDirty(domid);
        var session = new LogDirtySession(d.Domid, d.Memory);
        logDirty.Add(domid, session);
        Descriptors.Add(session.Handle);
        return session.Length;
    });

    public Task<long> CleanLogDirty(long domid, CancellationToken cancel) => On(new(domid, cancel), _ =>
        logDirty.TryGetValue(domid, out var session) ? session.Clean() : throw new HypercallError(LibC.EINVAL, "log-dirty is off"));

    public Task DisableLogDirty(long domid, CancellationToken cancel) => Call(new(domid, cancel), () => EndLogDirty(domid));

    public Task Fault(string text, CancellationToken cancel)
    {
        switch (text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            case [FaultSyntax.GuestHang, var domid]:
                targets.HangGuest(host.Get(FaultRule.Count(domid)));
                break;
            case [FaultSyntax.XenstoreAgain, var count]:
                targets.RefuseCommits((int)FaultRule.Count(count));
                break;
            case [FaultSyntax.DeviceHang, var domid, var kind, var id]:
                targets.HangDevice((int)FaultRule.Count(domid), kind, (int)FaultRule.Count(id));
                break;
            case [FaultSyntax.DeviceRefuse, var domid, var kind, var id]:
                targets.RefuseDetach((int)FaultRule.Count(domid), kind, (int)FaultRule.Count(id));
                break;
            default:
                faults.Add(FaultRule.Parse(text));
                break;
        }

        return Task.CompletedTask;
    }

    public Task<ImmutableArray<string>> Faults(CancellationToken cancel) => Task.FromResult(faults.List());

    public Task ClearFaults(CancellationToken cancel)
    {
        faults.Clear();
        targets.ClearFaults();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        foreach (var session in logDirty.Values)
        {
            session.Dispose();
        }

        logDirty.Clear();
    }

    private static bool Done(Action action)
    {
        action();
        return true;
    }

    private int Owner(long domid) => domid == HostLimits.IoDomid ? HostLimits.IoDomid : host.Get(domid).Domid;

    private static long NotNegative(long bytes) => bytes >= 0 ? bytes : throw new HypercallError(LibC.EINVAL, $"{bytes} bytes");

    private bool EndLogDirty(long domid)
    {
        if (logDirty.Remove(domid, out var session))
        {
            session.Dispose();
        }

        return true;
    }

    private Task<T> On<T>(Subject subject, Func<SimulatedDomain, T> action, [CallerMemberName] string method = "") =>
        Call(subject, () => action(host.Get(subject.Domid ?? 0)), method);

    private async Task<T> Call<T>(Subject subject, Func<T> action, [CallerMemberName] string method = "")
    {
        await faults.ApplyAsync(CallNames.OnWire(method), subject.Domid, subject.Cancel).ConfigureAwait(false);
        try
        {
            return action();
        }
        catch (HypervisorError error)
        {
            // The machine below could not give what the simulated one promised (memory, descriptors).
            throw new HypercallError(error.Errno, error.Message);
        }
    }

    /// <summary>The domain a call is about, if it is about one, and the caller's patience.</summary>
    private readonly record struct Subject(long? Domid, CancellationToken Cancel);
}

/// <summary>Faults of guests and of xenstore, done where those are.</summary>
internal interface IFaultTargets
{
    void HangGuest(SimulatedDomain domain);

    void RefuseCommits(int count);

    /// <summary>The guest's driver of one device does nothing more.</summary>
    void HangDevice(int domid, string kind, int id);

    /// <summary>The guest refuses to give one device up.</summary>
    void RefuseDetach(int domid, string kind, int id);

    /// <summary>Devices behave again.</summary>
    void ClearFaults();
}

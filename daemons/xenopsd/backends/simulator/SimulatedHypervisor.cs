using System.Collections.Immutable;
using System.Globalization;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// The simulated host as a hypervisor: every call goes to the process xen-simulator over its hypercall socket, guests' memory is
/// mapped from there. Raises <see cref="HypervisorError"/>: what the host answered, ECONNREFUSED when it is not there, ETIMEDOUT.
/// </summary>
public sealed class SimulatedHypervisor : IHypervisor
{
    private readonly HypercallPool pool;
    private readonly HypercallsClient calls;
    private readonly HypercallsClient builds;
    private readonly Lazy<MachineInfo> first;

    /// <param name="path">The hypercall socket. Nobody needs to listen there yet.</param>
    public SimulatedHypervisor(string path)
    {
        pool = new HypercallPool(path);
        calls = new HypercallsClient(new TracedHypercalls(pool));
        builds = new HypercallsClient(new TracedHypercalls(pool.Within(HypercallLimits.BuildDeadline)));
        first = new Lazy<MachineInfo>(() => Wait("machine", calls.Machine(CancellationToken.None)), LazyThreadSafetyMode.PublicationOnly);
    }

    public string Name => "simulator";

    public string XenstorePath => first.Value.xenstore_path;

    public XenMachine Machine()
    {
        var machine = Wait("machine", calls.Machine(CancellationToken.None));
        return new XenMachine((int)machine.cpus, machine.total_memory, machine.free_memory, 4, 17, machine.capabilities);
    }

    public IReadOnlyList<XenDomain> Domains() =>
        [.. Wait("domains", calls.Domains(CancellationToken.None)).Select(Describe)];

    public XenDomain? Domain(int domid)
    {
        try
        {
            return Describe(Wait("domain", calls.Domain(domid, CancellationToken.None)));
        }
        catch (HypervisorError error) when (error.Errno == LibC.ESRCH)
        {
            return null;
        }
    }

    public int Create(NewDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return (int)Wait("create", calls.Create(
            new NewDomainInfo
            {
                handle = domain.Handle.ToString(),
                max_vcpus = domain.MaxVcpus,
                memory_max = domain.MemoryMaxBytes,
                pci = domain.Pci,
                platform = domain.Platform.ToImmutableSortedDictionary(StringComparer.Ordinal),
            },
            CancellationToken.None));
    }

    public void SetHandle(int domid, Guid handle) => Wait("set_handle", calls.SetHandle(domid, handle.ToString(), CancellationToken.None));

    public void SetMaxMemory(int domid, long bytes) => Wait("set_max_memory", calls.SetMaxMemory(domid, bytes, CancellationToken.None));

    public void SetPagingPool(int domid, long bytes) => Wait("set_paging_pool", calls.SetPagingPool(domid, bytes, CancellationToken.None));

    public void SetHardAffinity(int domid, int vcpu, IReadOnlyList<int> cpus) =>
        Wait("set_affinity", calls.SetAffinity(domid, vcpu, [.. cpus], CancellationToken.None));

    public void SetScheduling(int domid, int weight, int cap) =>
        Wait("set_scheduling", calls.SetScheduling(domid, weight, cap, CancellationToken.None));

    public int AllocatePort(int domid, int remoteDomid) =>
        (int)Wait("allocate_port", calls.AllocatePort(domid, remoteDomid, CancellationToken.None));

    public void Pause(int domid) => Wait("pause", calls.Pause(domid, CancellationToken.None));

    public void Unpause(int domid) => Wait("unpause", calls.Unpause(domid, CancellationToken.None));

    public void ShutDown(int domid, ShutdownReason reason) => Wait("shut_down", calls.ShutDown(domid, (long)reason, CancellationToken.None));

    public void ResumeCooperatively(int domid) => Wait("resume", calls.Resume(domid, CancellationToken.None));

    public Task DestroyAsync(int domid, CancellationToken cancel) =>
        Task.Run(() => Wait("destroy", calls.Destroy(domid, cancel)), cancel);

    public Task<GuestRings> BuildAsync(int domid, GuestImage image, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Task.Run(() => Build(domid, image, cancel), cancel);
    }

    public IHypervisorSource OpenSource(int domid, string vmDescription, Action suspend) =>
        new SimulatedSource(DomainConnection.Open(pool.Path, domid), vmDescription, suspend);

    public IHypervisorTarget OpenTarget(int domid, int storePort, int consolePort)
    {
        var connection = DomainConnection.Open(pool.Path, domid);
        try
        {
            connection.Call("prepare_restore", c => c.PrepareRestore(domid, CancellationToken.None));
            return new SimulatedTarget(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void AssignDevice(int domid, PciAddress device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Wait("assign_device", calls.AssignDevice(domid, Text(device), CancellationToken.None));
    }

    public void DeassignDevice(int domid, PciAddress device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Wait("deassign_device", calls.DeassignDevice(domid, Text(device), CancellationToken.None));
    }

    /// <summary>A device of the host is one domain's at a time, whatever its kind.</summary>
    public void PlugUsb(int domid, Vusb device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Wait("assign_device", calls.AssignDevice(domid, $"usb {device.path}", CancellationToken.None));
    }

    public void UnplugUsb(int domid, Vusb device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Wait("deassign_device", calls.DeassignDevice(domid, $"usb {device.path}", CancellationToken.None));
    }

    /// <summary>A share of a card is a device that one domain has: it is named by the card and the share's own id.</summary>
    public void StartVgpu(int domid, Vgpu card, bool saved)
    {
        ArgumentNullException.ThrowIfNull(card);
        Wait("start_vgpu", calls.StartVgpu(domid, Text(card.physical_pci_address), card.id.device, saved, CancellationToken.None));
    }

    public void SaveVgpus(int domid, IDataChannel io) => SimulatedCards.Write(Wait("vgpus", calls.Vgpus(domid, CancellationToken.None)), io);

    public void RestoreVgpus(int domid, IDataChannel io)
    {
        foreach (var card in SimulatedCards.Read(io))
        {
            Wait("set_vgpu", calls.SetVgpu(domid, card, CancellationToken.None));
        }
    }

    public bool CanSoftReset => true;

    public void SoftReset(int domid) => Wait("soft_reset", calls.SoftReset(domid, CancellationToken.None));

    public bool IsAsleep(int domid)
    {
        var answer = calls.IsAsleep(domid, CancellationToken.None);
        return Wait("is_asleep", answer);
    }

    public void Wake(int domid) => Wait("wake", calls.Wake(domid, CancellationToken.None));

    /// <summary>One featureset for all kinds of guest: that of the simulated machine's CPU.</summary>
    public CpuFeatures Features()
    {
        string words = first.Value.cpu_features;
        return new CpuFeatures(words, words, words, words, words);
    }

    public string ReadConsole() => Wait("console", calls.Console(CancellationToken.None));

    /// <summary>The simulated hypervisor has no key handlers: like Xen with an unknown key, it does nothing.</summary>
    public void SendDebugKeys(string keys) => ArgumentNullException.ThrowIfNull(keys);

    public ValueTask DisposeAsync()
    {
        pool.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The end of a call that was made on this thread: the task is complete. Errors become <see cref="HypervisorError"/>.</summary>
    internal static T Wait<T>(string call, Task<T> task)
    {
        Wait(call, (Task)task);
        return task.GetAwaiter().GetResult();
    }

    internal static void Wait(string call, Task task)
    {
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (HypercallError error)
        {
            var (errno, detail) = error.Value is HypercallErrorValue.Errno refused
                ? ((int)refused.number, refused.detail)
                : (LibC.EIO, error.Message);
            throw new HypervisorError($"{call} ({detail})", errno);
        }
    }

    private GuestRings Build(int domid, GuestImage image, CancellationToken cancel)
    {
        var rings = Wait("build", builds.Build(
            domid,
            new GuestImageInfo
            {
                kernel = image.Kernel,
                command_line = image.CommandLine,
                memory_max = image.MemoryMaxBytes,
                memory_target = image.MemoryTargetBytes,
                store_port = image.StorePort,
                console_port = image.ConsolePort,
                vcpus = image.Vcpus,
            },
            cancel));
        return new GuestRings((ulong)rings.store, (ulong)rings.console);
    }

    private static XenDomain Describe(DomainInfo info) => new(
        (int)info.domid, Guid.Parse(info.handle), info.paused, info.dying, (int?)info.shutdown_code, info.memory, info.max_memory,
        (int)info.vcpus, TimeSpan.FromTicks(info.cpu_time_ns / TimeSpan.NanosecondsPerTick));

    private static string Text(PciAddress device) =>
        string.Create(CultureInfo.InvariantCulture, $"{device.domain:x4}:{device.bus:x2}:{device.dev:x2}.{device.fn:x}");
}

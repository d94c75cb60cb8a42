using System.Collections.Immutable;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Guest;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Host;

/// <summary>The simulated machine: its memory, its domids and its domains. Raises <see cref="HypercallError"/>.</summary>
internal sealed class SimulatedHost(HostOptions options) : IDisposable
{
    private readonly Lock sync = new();
    private readonly SortedDictionary<int, SimulatedDomain> domains = [];
    private readonly VcpuScheduler scheduler = new();
    private readonly SpareMemory spares = new();
    private readonly Dictionary<string, int> assigned = [];
    private int lastDomid;

    /// <summary>Raised after a domain was made, changed its state, or is gone.</summary>
    public event Action<SimulatedDomain>? DomainChanged;

    public HostOptions Options => options;

    public ConsoleText Console { get; } = new();

    public long FreeBytes
    {
        get
        {
            lock (sync)
            {
                return options.MemoryBytes - Held();
            }
        }
    }

    public SimulatedDomain Create(NewDomainInfo config)
    {
        SimulatedDomain domain;
        if (!Guid.TryParse(config.handle, out _) || config.max_vcpus is < 1 or > HostLimits.MaxVcpus)
        {
            throw new HypercallError(LibC.EINVAL, $"handle {config.handle}, {config.max_vcpus} vCPUs");
        }

        lock (sync)
        {
            if (domains.Count >= HostLimits.MaxDomains)
            {
                throw new HypercallError(LibC.ENOMEM, $"over {nameof(HostLimits.MaxDomains)} domains");
            }

            domain = new SimulatedDomain(NextDomid(), config, scheduler, spares);
            domain.StateChanged += changed => DomainChanged?.Invoke(changed);
            domains.Add(domain.Domid, domain);
        }

        Console.WriteLine($"(XEN) d{domain.Domid}: created, handle {config.handle}");
        DomainChanged?.Invoke(domain);
        return domain;
    }

    public SimulatedDomain? Find(long domid)
    {
        lock (sync)
        {
            return domains.GetValueOrDefault((int)domid);
        }
    }

    /// <summary>Raises ESRCH for a domain that is not there.</summary>
    public SimulatedDomain Get(long domid) => Find(domid) ?? throw HypercallError.NoDomain(domid);

    public ImmutableArray<SimulatedDomain> List()
    {
        lock (sync)
        {
            return [.. domains.Values];
        }
    }

    public RingFrames Build(SimulatedDomain domain, GuestImageInfo image) => GuestBuilder.Boot(domain, image, pages => Claim(domain, pages));

    public RingFrames SetContext(SimulatedDomain domain, GuestContext context) =>
        GuestBuilder.TakeUp(domain, context, pages => Claim(domain, pages));

    public void SetPagingPool(SimulatedDomain domain, long bytes)
    {
        lock (sync)
        {
            RequireFree(bytes - domain.PagingPoolBytes);
            domain.PagingPoolBytes = bytes;
        }
    }

    /// <summary>Gives the domain so many frames in all, or raises ENOMEM.</summary>
    public void Claim(SimulatedDomain domain, long pages)
    {
        lock (sync)
        {
            RequireFree((pages - domain.Pages) * GuestMemory.PageSize);
            domain.SetPages(pages);
        }
    }

    /// <summary>A device is the host's, nobody's (quarantined) or one domain's, until that ends.</summary>
    public void AssignDevice(int domid, string device)
    {
        lock (sync)
        {
            if (assigned.TryGetValue(device, out int owner) && owner != HostLimits.IoDomid)
            {
                throw new HypercallError(LibC.EBUSY, $"device {device} belongs to domain {owner}");
            }

            assigned[device] = domid;
        }
    }

    public void DeassignDevice(int domid, string device)
    {
        lock (sync)
        {
            if (!assigned.TryGetValue(device, out int owner) || owner != domid)
            {
                throw new HypercallError(LibC.ENODEV, $"device {device} does not belong to domain {domid}");
            }

            assigned.Remove(device);
        }
    }

    /// <summary>Ends a domain and frees its memory.</summary>
    public void Destroy(SimulatedDomain domain)
    {
        domain.BeginToDie();
        domain.Dispose();
        lock (sync)
        {
            domains.Remove(domain.Domid);
            foreach (var device in assigned.Where(d => d.Value == domain.Domid).Select(static d => d.Key).ToList())
            {
                assigned.Remove(device);
            }
        }

        Console.WriteLine($"(XEN) d{domain.Domid}: destroyed");
        DomainChanged?.Invoke(domain);
    }

    public void Dispose()
    {
        foreach (var domain in List())
        {
            domain.Dispose();
        }

        scheduler.Dispose();
        spares.Dispose();
    }

    private int NextDomid()
    {
        do
        {
            lastDomid = lastDomid + 1 >= HostLimits.FirstReservedDomid ? 1 : lastDomid + 1;
        }
        while (domains.ContainsKey(lastDomid));
        return lastDomid;
    }

    private void RequireFree(long bytes)
    {
        var free = options.MemoryBytes - Held();
        if (bytes > 0 && bytes > free)
        {
            throw new HypercallError(LibC.ENOMEM, $"{bytes} bytes wanted, {free} free");
        }
    }

    private long Held() => domains.Values.Sum(d => d.HeldBytes);
}

/// <summary>What the simulated machine is made of; memory in bytes.</summary>
internal sealed record HostOptions(long MemoryBytes, int Cpus, string XenstorePath)
{
    /// <summary>Words of Xen's featuresets.</summary>
    public string CpuFeatures { get; init; } = MachineCpu.Features;
}

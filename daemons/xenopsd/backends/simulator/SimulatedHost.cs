using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>The simulated machine: its memory, given out domain by domain, its domids, and its domains by VM id.</summary>
internal sealed class SimulatedHost(SimulatorOptions options)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, SimulatedDomain> _domains = [];
    private int _lastDomid;

    /// <summary>Memory no domain has reserved, in bytes.</summary>
    public long FreeBytes
    {
        get
        {
            lock (_sync)
            {
                return options.TotalMemoryBytes - Reserved();
            }
        }
    }

    public SimulatedDomain Create(DomainConfig config, Action<SimulatedDomain> changed)
    {
        lock (_sync)
        {
            Check(config);
            SimulatedDomain domain = new(++_lastDomid, config, options, changed);
            _domains.Add(config.VmId, domain);
            return domain;
        }
    }

    public SimulatedDomain? Find(string vmId)
    {
        lock (_sync)
        {
            return _domains.GetValueOrDefault(vmId);
        }
    }

    public SimulatedDomain Get(string vmId) => Find(vmId) ?? throw XenopsError.DoesNotExist("domain", vmId);

    public void Rename(string vmId, string newVmId)
    {
        lock (_sync)
        {
            if (!_domains.TryGetValue(vmId, out var domain))
            {
                throw XenopsError.DoesNotExist("domain", vmId);
            }

            if (!_domains.TryAdd(newVmId, domain))
            {
                throw new XenopsError(new XenopsErrorValue.Already_exists("domain", newVmId));
            }

            _domains.Remove(vmId);
            domain.Config = domain.Config with { VmId = newVmId };
        }
    }

    /// <summary>The domain's memory is free again after this: call it when the domain is gone.</summary>
    public void Remove(SimulatedDomain domain)
    {
        lock (_sync)
        {
            _domains.Remove(domain.Config.VmId);
        }
    }

    public IReadOnlyList<string> List()
    {
        lock (_sync)
        {
            return [.. _domains.Keys];
        }
    }

    private void Check(DomainConfig config)
    {
        if (_domains.ContainsKey(config.VmId))
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("domain", config.VmId));
        }

        if (config.Vcpus is < 1 or > SimulatorLimits.MaxVcpus)
        {
            throw new XenopsError(new XenopsErrorValue.Invalid_vcpus(SimulatorLimits.MaxVcpus));
        }

        if (_domains.Count >= SimulatorLimits.MaxDomains)
        {
            throw XenopsError.Internal($"over {nameof(SimulatorLimits.MaxDomains)} domains");
        }

        var least = config.Vcpus * SimulatorLimits.MinPagesPerVcpu * (long)StreamLimits.PageSize;
        if (config.MemoryLimitBytes < least)
        {
            throw XenopsError.Internal($"{config.MemoryLimitBytes} bytes are too few for {config.Vcpus} vCPUs");
        }

        if (config.MemoryLimitBytes > options.TotalMemoryBytes - Reserved())
        {
            throw new XenopsError(new XenopsErrorValue.Not_enough_memory(config.MemoryLimitBytes));
        }
    }

    private long Reserved() => _domains.Values.Sum(d => d.Config.MemoryLimitBytes);
}

using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Pool;

/// <summary>The rows that a host keeps about itself: host, host_metrics, its control domain. The same code serves coordinator and member;
/// what is already so is no change and causes no event.</summary>
internal sealed class OwnRows(XapiDatabase database, HostIdentity identity)
{
    private const long ApiMajor = 2;
    private const long ApiMinor = 21;
    private const string ApiVendor = "XenSource";

    /// <summary>This host's row by its uuid, or the null reference.</summary>
    internal async Task<Ref<host>> FindAsync(CancellationToken cancel)
    {
        try
        {
            return await database.GetByUuid<host>(identity.Uuid, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "UUID_INVALID")
        {
            return Ref<host>.Null;
        }
    }

    /// <summary>Adds the rows of a host that the pool does not know yet.</summary>
    internal async Task<Ref<host>> CreateAsync(HostFacts facts, CancellationToken cancel)
    {
        Ref<host_metrics> metrics = await database.Create(new host_metrics { uuid = NewUuid() }, cancel).ConfigureAwait(false);
        host row = Describe(new host { uuid = identity.Uuid, name_label = Environment.MachineName, metrics = metrics, sched_policy = "credit" }, facts);
        return await database.Create(row, cancel).ConfigureAwait(false);
    }

    /// <summary>Brings the rows in line with the facts. <see cref="HostIdentity.Localhost"/> is known by now.</summary>
    internal async Task RefreshAsync(HostFacts facts, CancellationToken cancel)
    {
        Ref<host> self = identity.Localhost;
        Ref<VM> controlDomain = await ControlDomainAsync(self, facts, cancel).ConfigureAwait(false);
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        Ref<host_metrics> metrics = row.metrics;
        if (await database.Find(metrics, cancel).ConfigureAwait(false) is null)
        {
            metrics = await database.Create(new host_metrics { uuid = NewUuid() }, cancel).ConfigureAwait(false);
        }

        await database.Update(self, r => Describe(r, facts) with { metrics = metrics, control_domain = controlDomain }, cancel).ConfigureAwait(false);
        if (facts.Info is not null)
        {
            DateTimeOffset now = DateTimeOffset.UtcNow;
            await database.Update(metrics, r => r.memory_total == facts.TotalMemory ? r : r with
            {
                memory_total = facts.TotalMemory,
                memory_free = facts.TotalMemory - facts.ControlDomainMemory,
                last_updated = now,
            }, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Records what the host has left for guests; the last word has the reservation, which counts anew.</summary>
    internal async Task RefreshFreeMemoryAsync(CancellationToken cancel)
    {
        host row = await database.Get(identity.Localhost, cancel).ConfigureAwait(false);
        host_metrics metrics = await database.Get(row.metrics, cancel).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms = await database.GetAll<VM>(cancel).ConfigureAwait(false);
        long free = HostMemory.Free(identity.Localhost, row, metrics, vms, Ref<VM>.Null);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        await database.Update(row.metrics, r => r.memory_free == free ? r : r with { memory_free = free, last_updated = now }, cancel).ConfigureAwait(false);
    }

    private host Describe(host row, HostFacts facts)
    {
        row = row with
        {
            address = identity.Address,
            hostname = Environment.MachineName,
            API_version_major = ApiMajor,
            API_version_minor = ApiMinor,
            API_version_vendor = ApiVendor,
            software_version = facts.SoftwareVersion,
        };
        if (facts.Info is not { } info)
        {
            return row;
        }

        return row with
        {
            cpu_info = HostFacts.CpuInfo(info.cpu_info),
            capabilities = [.. info.hypervisor.capabilities.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
            chipset_info = ImmutableSortedDictionary<string, string>.Empty.Add("iommu", info.chipset_info.iommu ? "true" : "false"),
        };
    }

    private async Task<Ref<VM>> ControlDomainAsync(Ref<host> self, HostFacts facts, CancellationToken cancel)
    {
        Ref<VM> domain;
        try
        {
            domain = await database.GetByUuid<VM>(facts.ControlDomainUuid, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "UUID_INVALID")
        {
            Ref<VM_metrics> metrics = await database.Create(new VM_metrics { uuid = NewUuid() }, cancel).ConfigureAwait(false);
            VM row = Dom0(new VM { uuid = facts.ControlDomainUuid, metrics = metrics }, self, facts);
            domain = await database.Create(row, cancel).ConfigureAwait(false);
        }

        await database.Update(domain, r => VmRows.WithAllowed(Dom0(r, self, facts), domain.ToString()), cancel).ConfigureAwait(false);
        return domain;
    }

    private static VM Dom0(VM row, Ref<host> self, HostFacts facts) => row with
    {
        name_label = $"Control domain on host: {Environment.MachineName}",
        is_control_domain = true,
        power_state = vm_power_state.Running,
        domid = 0,
        resident_on = self,
        affinity = self,
        memory_static_max = facts.ControlDomainMemory,
        memory_dynamic_max = facts.ControlDomainMemory,
        memory_dynamic_min = facts.ControlDomainMemory,
        memory_static_min = facts.ControlDomainMemory,
        memory_target = facts.ControlDomainMemory,
        VCPUs_max = Environment.ProcessorCount,
        VCPUs_at_startup = Environment.ProcessorCount,
        domain_type = domain_type.pv,
    };

    private static string NewUuid() => Guid.NewGuid().ToString();
}

using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Reports;

namespace Toolstack.Xapi.Pool;

/// <summary>What the coordinator brings in order when it starts: the one pool row, the built-in templates, and VMs whose host is gone.
/// Locks and tasks of a former life need no care: neither current_operations nor tasks outlive the process.</summary>
internal sealed class CoordinatorRows(XapiDatabase database, HostIdentity identity)
{
    private const long CoordinatorChanged = 4;

    /// <summary>After it the pool row exists and names this host as the coordinator; if it named another, a notice says so.</summary>
    internal async Task PoolAsync(NoticeStore? notices, CancellationToken cancel)
    {
        IReadOnlyList<KeyValuePair<Ref<pool>, pool>> pools = await database.GetAll<pool>(cancel).ConfigureAwait(false);
        if (pools.Count == 0)
        {
            await database.Create(new pool { uuid = Guid.NewGuid().ToString(), master = identity.Localhost }, cancel).ConfigureAwait(false);
            return;
        }

        if (pools[0].Value.master != identity.Localhost)
        {
            notices?.Add("POOL_MASTER_TRANSITION", CoordinatorChanged, cls.Host, identity.Uuid, body: "");
        }

        await database.Update(pools[0].Key, r => r with { master = identity.Localhost }, cancel).ConfigureAwait(false);
    }

    internal async Task TemplatesAsync(CancellationToken cancel)
    {
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms = await database.GetAll<VM>(cancel).ConfigureAwait(false);
        foreach (VM template in BuiltInTemplates.All)
        {
            if (!vms.Any(vm => vm.Value.is_default_template && vm.Value.reference_label == template.reference_label))
            {
                await database.Create(template with { uuid = Guid.NewGuid().ToString() }, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A VM recorded as running on a host that the pool no longer has is not running; a control domain goes with its host.</summary>
    internal async Task VmsOfMissingHostsAsync(CancellationToken cancel)
    {
        foreach ((Ref<VM> self, VM row) in await database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            if (row.resident_on.IsNull || await database.Find(row.resident_on, cancel).ConfigureAwait(false) is not null)
            {
                continue;
            }

            if (row.is_control_domain)
            {
                await database.Destroy(self, cancel).ConfigureAwait(false);
            }
            else
            {
                await database.Update(self, static r => r with
                {
                    resident_on = Ref<host>.Null,
                    power_state = vm_power_state.Halted,
                    domid = -1,
                }, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Ends the tasks that ran on a host which has started anew. Their callers have lost them already.</summary>
    internal async Task EndTasksOfAsync(Ref<host> host, CancellationToken cancel)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        foreach ((Ref<task> self, task row) in await database.GetAll<task>(cancel).ConfigureAwait(false))
        {
            if (row.status == task_status_type.pending && row.resident_on == host)
            {
                await database.Update(self, r => r.status != task_status_type.pending ? r : r with
                {
                    status = task_status_type.cancelled,
                    error_info = ["TASK_CANCELLED", self.ToString()],
                    allowed_operations = [],
                    progress = 1.0,
                    finished = now,
                }, cancel).ConfigureAwait(false);
            }
        }
    }
}

using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Server;

/// <summary>The queue interface on an <see cref="Engine"/>. One file for each family of calls.</summary>
public sealed partial class XenopsService(Engine engine, Action shutdown) : IXenops
{
    public Task<QueryResult> Query(string debug_info, CancellationToken cancel) =>
        Task.FromResult(new QueryResult { instance_id = engine.InstanceId, features = [XenopsFeatures.ZeroPages, XenopsFeatures.Outcome] });

    public Task<string> GetDiagnostics(string debug_info, CancellationToken cancel) => Task.FromResult(JsonValueWriter.Text(w =>
    {
        var queues = engine.Scheduler.Snapshot();
        w.BeginStruct(5);
        w.Member("workers");
        w.Int(engine.Scheduler.Workers);
        w.Member("queues");
        w.BeginStruct(queues.Count);
        foreach (var (tag, waiting) in queues)
        {
            w.Member(tag);
            w.Int(waiting);
        }

        w.EndStruct();
        w.Member("updates");
        w.Int(engine.Updates.LastId);
        w.Member("tasks");
        var tasks = engine.Tasks.List();
        w.BeginArray(tasks.Length);
        foreach (var task in tasks)
        {
            TaskInfoCodec.Write(w, task);
        }

        w.EndArray();
        w.Member("vms");
        var ids = engine.Store.Ids;
        w.BeginArray(ids.Length);
        foreach (string id in ids)
        {
            w.String(id);
        }

        w.EndArray();
        w.EndStruct();
    }));

    private Task<string> Queue(string debugInfo, Operation operation) => Task.FromResult(engine.Operations.Queue(debugInfo, operation).Id);

    /// <summary>One step as an operation; with a domain as a rule.</summary>
    private Task<string> Queue(string debugInfo, Atomic step, bool needsDomain = true) => Queue(debugInfo, new Operation.Single(step, needsDomain));

    /// <summary>Writes a device into its VM's record.</summary>
    private (string Vm, string Device) Add(DynamicId id, (string Vm, string Device) key, Func<VmRecord, VmRecord> change)
    {
        engine.Store.Update(key.Vm, change);
        engine.Updates.Add(id);
        return key;
    }

    /// <summary>Takes a device out of its VM's record. Raises Device_is_connected when it is plugged.</summary>
    private async Task RemoveAsync(DynamicId id, string vm, CancellationToken cancel)
    {
        await DeviceStates.RequireUnpluggedAsync(engine.Backend, engine.Store.Get(vm), id, cancel).ConfigureAwait(false);
        engine.Store.Update(vm, r => r.Without(id));
        engine.Updates.Remove(id);
    }

    /// <summary>A device of the interface as the plans name it; it must exist.</summary>
    private static DeviceId Key((string Vm, string Device) id) => new(id.Vm, id.Device);
}

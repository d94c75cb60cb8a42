using System.Collections.Concurrent;
using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>
/// The VMs this xenopsd owns: in memory for readers, on disk so that a restart knows them again. One writer per VM at a time (the
/// executor's order); readers see whole records. Raises XenopsError: Does_not_exist(VM, id), Already_exists(VM, id), IO_error.
/// </summary>
public sealed class VmStore
{
    private readonly VmFiles files;
    private readonly bool plugsInOneStep;
    private readonly Lock[] locks = [.. Enumerable.Range(0, 64).Select(static _ => new Lock())];
    private readonly ConcurrentDictionary<string, VmRecord> records = new(StringComparer.Ordinal);

    /// <param name="files">Where the records are kept; those there are loaded.</param>
    /// <param name="plugsInOneStep">See <see cref="Operations.VmDevices.PlugsInOneStep"/>.</param>
    public VmStore(VmFiles files, bool plugsInOneStep = true)
    {
        this.files = files;
        this.plugsInOneStep = plugsInOneStep;
        foreach (var record in files.Load())
        {
            records[record.Vm.id] = record with { PlugsInOneStep = plugsInOneStep };
        }
    }

    public ImmutableArray<string> Ids => [.. records.Keys.Order(StringComparer.Ordinal)];

    public VmRecord? Find(string id) => records.GetValueOrDefault(id);

    public VmRecord Get(string id) => Find(id) ?? throw XenopsError.DoesNotExist("VM", id);

    /// <summary>Adds or replaces the record.</summary>
    public void Put(VmRecord record)
    {
        files.Write(record, records.GetValueOrDefault(record.Vm.id));
        records[record.Vm.id] = record with { PlugsInOneStep = plugsInOneStep };
    }

    /// <summary>Replaces what is kept of a VM by what <paramref name="change"/> makes of it. Calls for one VM do not overlap.</summary>
    public void Update(string id, Func<VmRecord, VmRecord> change)
    {
        lock (LockOf(id))
        {
            Put(change(Get(id)));
        }
    }

    /// <summary>Changes what is not kept on disk; nothing for an unknown VM.</summary>
    public void Mark(string id, Func<VmRecord, VmRecord> change)
    {
        while (records.TryGetValue(id, out var old) && !records.TryUpdate(id, change(old), old))
        {
        }
    }

    public void Rename(string id, string newId)
    {
        var record = Get(id).WithId(newId);
        if (id == newId || !records.TryAdd(newId, record))
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("VM", newId));
        }

        try
        {
            files.Write(record, old: null);
        }
        catch (XenopsError)
        {
            records.TryRemove(newId, out _);
            throw;
        }

        Remove(id);
    }

    public void Remove(string id)
    {
        if (records.TryRemove(id, out var record))
        {
            files.Delete(record);
        }
    }

    /// <summary>Devices of one VM are worked on at the same time; their records are one.</summary>
    private Lock LockOf(string id) => locks[(uint)id.GetHashCode(StringComparison.Ordinal) % (uint)locks.Length];
}

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
    private readonly ConcurrentDictionary<string, VmRecord> records = new(StringComparer.Ordinal);

    public VmStore(VmFiles files)
    {
        this.files = files;
        foreach (var record in files.Load())
        {
            records[record.Vm.id] = record;
        }
    }

    public ImmutableArray<string> Ids => [.. records.Keys.Order(StringComparer.Ordinal)];

    public VmRecord? Find(string id) => records.GetValueOrDefault(id);

    public VmRecord Get(string id) => Find(id) ?? throw XenopsError.DoesNotExist("VM", id);

    /// <summary>Adds or replaces the record.</summary>
    public void Put(VmRecord record)
    {
        files.Write(record, records.GetValueOrDefault(record.Vm.id));
        records[record.Vm.id] = record;
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
        var record = Get(id);
        if (id == newId || !records.TryAdd(newId, record.WithId(newId)))
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("VM", newId));
        }

        files.Write(record.WithId(newId), old: null);
        Remove(id);
    }

    public void Remove(string id)
    {
        if (records.TryRemove(id, out var record))
        {
            files.Delete(record);
        }
    }
}

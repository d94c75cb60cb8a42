namespace Toolstack.Interop.Xen.Memory;

/// <summary>Xen's machine-to-physical table, mapped: which pfn each machine frame of the host is to the domain that has it.</summary>
public sealed unsafe class MachineTable : IDisposable
{
    private readonly ForeignMapping mapping;

    internal MachineTable(ForeignMapping mapping, long count)
    {
        this.mapping = mapping;
        Count = count;
    }

    /// <summary>Machine frames of the host.</summary>
    public long Count { get; }

    /// <summary>The pfn of a machine frame, or all ones outside the table. What it says is only a claim until the guest's own
    /// table says the same.</summary>
    public ulong this[ulong machine]
    {
        get
        {
            // SAFETY: the index is below Count, and the mapping has as many entries.
            return machine < (ulong)Count ? ((ulong*)mapping.Pointer)[machine] : ulong.MaxValue;
        }
    }

    public void Dispose() => mapping.Dispose();
}

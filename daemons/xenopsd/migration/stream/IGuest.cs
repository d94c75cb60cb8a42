using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// A guest's frames as the copy loops see them: gfn 0 to <see cref="PageCount"/> - 1, mapped in this process in gfn order.
/// The mapping outlives the engine that uses it.
/// </summary>
public unsafe interface IGuestMemory
{
    long PageCount { get; }

    /// <summary>Frames nobody has written since the domain was created read as zero (not so on Xen, whose free frames may be
    /// dirty).</summary>
    bool FreshFramesAreZero { get; }

    /// <summary>First byte of <paramref name="count"/> frames from <paramref name="gfn"/> on; the caller has checked the range.</summary>
    byte* Frames(long gfn, long count);

    /// <summary>First run of frames at or after <paramref name="gfn"/> that may hold something other than zeros; everything
    /// before it is known to be zero or, with <see cref="HasHoles"/>, not to exist. (PageCount, PageCount) when there is none.</summary>
    (long Start, long End) NextPopulated(long gfn);

    /// <summary>What lies between populated runs are holes of the guest's physical memory, which are not conveyed.</summary>
    bool HasHoles => false;

    /// <summary>Writes can be recorded; without that the guest is suspended before its memory is read.</summary>
    bool CanLogDirty => true;

    /// <summary>Fewer neighbouring frames of zeros than this are sent as data: each range costs the receiver as much as some frames.</summary>
    int LeastZeroRun => 1;

    /// <summary>Frames a restore can expect, for progress.</summary>
    long ExpectedFrames => PageCount;

    /// <summary>Makes frames ready to be read: for each of <paramref name="gfns"/>, which ascend, its page type (stream nibble) and
    /// the first byte of what is to be sent, or null when nothing is. Good until the next call.</summary>
    void Fetch(ReadOnlySpan<ulong> gfns, Span<byte> types, byte** frames)
    {
        types[..gfns.Length].Clear();
        for (var i = 0; i < gfns.Length; i++)
        {
            frames[i] = Frames((long)gfns[i], 1);
        }
    }

    /// <summary>Called with the entries of a PAGE_DATA record, type nibble included and all numbers checked, before its frames are written.</summary>
    void Populate(ReadOnlySpan<ulong> entries)
    {
    }

    /// <summary>A hint that these frames are about to be filled, given from another thread than the one that fills them; false
    /// when the backend has no use for such hints.</summary>
    bool Prepare(long gfn, long count);

    /// <summary>Starts to record writes, with a clean bitmap.</summary>
    void EnableLogDirty();

    /// <summary>Copies the bitmap of frames written since the last call (bit n of word n / 64) and clears it; returns how many
    /// bits were set. What is read from a frame after this call is either reported by it or by the next one.</summary>
    long CleanLogDirty(Span<ulong> bitmap);

    /// <summary>Stops recording; harmless when it is off.</summary>
    void DisableLogDirty();
}

/// <summary>What the stream's domain header tells apart: PV, and HVM or PVH.</summary>
public enum GuestType : uint
{
    Pv = 1,
    Hvm = 2,
}

/// <summary>What the save engine needs of a domain. Calls come from the engine's own thread and may block.</summary>
public interface ISaveSource
{
    IGuestMemory Memory { get; }

    GuestType Type => GuestType.Hvm;

    /// <summary>Metadata for the Xenops record: the VM as an s-expression.</summary>
    string VmDescription { get; }

    StaticState GetStaticState();

    /// <summary>A PV guest's own table of its frames, asked for right before the first frame; null for any other.</summary>
    PvTable? GetTable() => null;

    /// <summary>Asks the guest to suspend and waits until it has; raises when it does not. No step may be half done afterwards.</summary>
    void Suspend();

    /// <summary>The state that only a suspended guest has.</summary>
    DynamicState GetDynamicState();

    /// <summary>Writes what the graphics cards of the suspended guest hold, where that is to stand in the image itself.</summary>
    void WriteVgpus(IDataChannel io) => throw new NotSupportedException();
}

/// <summary>What the restore engine needs of a domain.</summary>
public interface IRestoreTarget
{
    IGuestMemory Memory { get; }

    GuestType Type => GuestType.Hvm;

    /// <summary>Called once for a PV guest, before the first frame is written; its highest pfn is below PageCount.</summary>
    void SetTable(PvTable table)
    {
    }

    /// <summary>Called before the first frame is written.</summary>
    void SetStaticState(StaticState state);

    /// <summary>Reads what <see cref="ISaveSource.WriteVgpus"/> wrote.</summary>
    void ReadVgpus(IDataChannel io) => throw new StreamError(StreamFault.UnknownRecord, "the state of graphics cards, of which there are none");

    /// <summary>Called once, when the whole image has been read. Raises <see cref="StreamError"/> when the guest cannot run from it.</summary>
    void SetDynamicState(DynamicState state);
}

/// <summary>What is fixed before the guest runs: CPUID leaves of 24 bytes, MSR entries of 16 bytes (libxc stream format).</summary>
public sealed record StaticState(ReadOnlyMemory<byte> CpuidPolicy, ReadOnlyMemory<byte> MsrPolicy);

/// <summary>One HVM parameter: index of Xen's hvm_op table and value.</summary>
public readonly record struct HvmParam(ulong Index, ulong Value);

/// <summary>X86_TSC_INFO.</summary>
public readonly record struct TscInfo(uint Mode, uint Khz, ulong Nanoseconds, uint Incarnation);

/// <summary>What is read when the guest no longer runs. <see cref="HvmContext"/> is the framed blob of <see cref="Stream.HvmContext"/>.</summary>
public sealed record DynamicState(ReadOnlyMemory<byte> HvmContext, IReadOnlyList<HvmParam> HvmParams, TscInfo? Tsc)
{
    /// <summary>What a PV guest has in place of a context and parameters.</summary>
    public PvState? Pv { get; init; }
}

/// <summary>The state of a PV guest, normalised (no machine frame in it): its shared page of 4096 bytes, and the vCPUs that are up.</summary>
public sealed record PvState(ReadOnlyMemory<byte> SharedInfo, IReadOnlyList<PvVcpu> Vcpus);

/// <summary>A PV guest's own table of its frames: the highest pfn it describes, and the pfns of the frames that hold it, in order.</summary>
public sealed record PvTable(long MaxPfn, ulong[] Frames);

/// <summary>One vCPU, as the records of the stream carry it; an empty part has no record.</summary>
public sealed record PvVcpu(
    int Id, ReadOnlyMemory<byte> Basic, ReadOnlyMemory<byte> Extended, ReadOnlyMemory<byte> Xsave, ReadOnlyMemory<byte> Msrs);

using System.Diagnostics;
using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Hypercalls;

namespace Toolstack.Interop.Xen.Memory;

/// <summary>
/// A window in this process through which the memory of one domain is seen: slot n of 4096 bytes is the guest's pfn n. Slots are
/// filled on demand, a run of neighbours at a time, and stay until <see cref="Clear"/> or <see cref="SafeHandle.Dispose()"/>,
/// for mapping costs more than copying. Not for two threads at once. Raises <see cref="HypervisorError"/>.
/// </summary>
/// <remarks>
/// A filled slot shows the frame that was behind the pfn then: whoever may exchange frames meanwhile calls <see cref="Clear"/>.
/// Each run is one mapping of the kernel's, which allows a process about 65,000 of them.
/// </remarks>
public sealed unsafe class ForeignWindow : SafeHandle
{
    /// <summary>Most slots filled by one call.</summary>
    public const int MaxRun = 1024;

    private static readonly int ReserveFlags = LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS | LibC.MAP_NORESERVE;

    private readonly Privcmd privcmd;
    private readonly int domid;
    private readonly bool writable;
    private readonly ulong[] filled;
    private readonly ulong[] frames = GC.AllocateArray<ulong>(MaxRun, pinned: true);
    private readonly int[] errors = GC.AllocateArray<int>(MaxRun, pinned: true);
    private readonly List<(long Pfn, int Count)> runs = [];

    internal ForeignWindow(Privcmd privcmd, int domid, long slots, bool writable)
        : base(0, ownsHandle: true)
    {
        this.privcmd = privcmd;
        this.domid = domid;
        this.writable = writable;
        Slots = slots;
        filled = new ulong[(slots + 63) / 64];
        SetHandle((nint)Empty(null, slots * ForeignMapping.FrameBytes));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Slots of the window, filled or not.</summary>
    public long Slots { get; }

    /// <summary>The bytes of a slot; reading one that is not filled ends the process.</summary>
    public byte* Slot(long pfn)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(pfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pfn, Slots);
        return (byte*)handle + (pfn * ForeignMapping.FrameBytes);
    }

    public bool IsFilled(long pfn) => (filled[pfn / 64] >> (int)(pfn % 64) & 1) != 0;

    /// <summary>
    /// Fills the slots of <paramref name="pfns"/> with <paramref name="machine"/> (as Xen wants them: mfn of a PV guest, the pfn
    /// itself of any other), those that are filled already excepted. Returns false when a frame could not be had:
    /// its slot stays empty, the others are filled.
    /// </summary>
    public bool Fill(ReadOnlySpan<ulong> pfns, ReadOnlySpan<ulong> machine)
    {
        var all = true;
        var next = 0;
        while (next < pfns.Length)
        {
            if (IsFilled((long)pfns[next]))
            {
                next++;
                continue;
            }

            var run = 1;
            while (run < MaxRun && next + run < pfns.Length && pfns[next + run] == pfns[next] + (ulong)run && !IsFilled((long)pfns[next + run]))
            {
                run++;
            }

            all &= FillRun((long)pfns[next], machine.Slice(next, run));
            next += run;
        }

        return all;
    }

    /// <summary>Empties every slot.</summary>
    public void Clear()
    {
        foreach (var (pfn, count) in runs)
        {
            EmptyRun(pfn, count);
        }

        runs.Clear();
        Array.Clear(filled);
    }

    /// <summary>As Dispose, but it is done when no guest waits for this process to let it run, see <see cref="LateUnmapping"/>.</summary>
    public void DisposeLater() => LateUnmapping.Add(this, domid);

    /// <summary>Run by run, on a thread that gives way to all others from now on.</summary>
    internal void UnmapAndDispose()
    {
        ThreadShare.GiveWay();
        try
        {
            Clear();
        }
        catch (HypervisorError)
        {
            // Then all of it goes at once.
        }

        Dispose();
    }

    // SAFETY: the space is this object's own; SafeHandle calls this once, when nobody uses it any more.
    protected override bool ReleaseHandle() => LibC.munmap((void*)handle, (size_t)(ulong)(Slots * ForeignMapping.FrameBytes)) == 0;

    private void EmptyRun(long pfn, int count)
    {
        var start = Stopwatch.GetTimestamp();
        Empty(Slot(pfn), count * (long)ForeignMapping.FrameBytes);
        FrameCosts.Unmap.Add(count, start);
    }

    private bool FillRun(long pfn, ReadOnlySpan<ulong> machine)
    {
        var address = Slot(pfn);
        _ = Slot(pfn + machine.Length - 1);
        machine.CopyTo(frames);
        var start = Stopwatch.GetTimestamp();
        privcmd.Reserve(address, machine.Length * (long)ForeignMapping.FrameBytes, writable);
        // SAFETY: both arrays are pinned for life and hold MaxRun entries; the run's reservation was made just now, for it alone.
        var failed = FrameMapper.Map(
            privcmd, domid, address, (ulong*)Marshal.UnsafeAddrOfPinnedArrayElement(frames, 0), (int*)Marshal.UnsafeAddrOfPinnedArrayElement(errors, 0), machine.Length);
        FrameCosts.Map.Add(machine.Length, start);
        if (failed == 0)
        {
            runs.Add((pfn, machine.Length));
            for (var i = pfn; i < pfn + machine.Length; i++)
            {
                filled[i / 64] |= 1UL << (int)(i % 64);
            }

            return true;
        }

        // Linux cannot fill a part of a reservation again under all kernels: the run is taken back and its good parts made anew.
        EmptyRun(pfn, machine.Length);
        var good = new bool[machine.Length];
        for (var i = 0; i < good.Length; i++)
        {
            good[i] = errors[i] == 0;
        }

        FillParts(pfn, machine, good);
        return false;
    }

    private void FillParts(long pfn, ReadOnlySpan<ulong> machine, bool[] good)
    {
        var next = 0;
        while (next < good.Length)
        {
            var run = 0;
            while (next + run < good.Length && good[next + run])
            {
                run++;
            }

            if (run > 0)
            {
                FillRun(pfn + next, machine.Slice(next, run));
            }

            next += run + 1;
        }
    }

    /// <summary>Address space without memory; at an address of this window, or anywhere for null.</summary>
    private static byte* Empty(byte* address, long length)
    {
        // SAFETY: a fixed address lies inside this window, whose slots there are given up; otherwise nothing existing is replaced.
        var mapped = LibC.mmap(address, (size_t)(ulong)length, LibC.PROT_NONE, ReserveFlags | (address is null ? 0 : LibC.MAP_FIXED), -1, 0);
        return mapped == LibC.MAP_FAILED ? throw new HypervisorError("mmap", LibC.errno) : (byte*)mapped;
    }
}

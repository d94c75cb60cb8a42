using System.Diagnostics;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;
using Toolstack.Interop.Xen.Memory;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>Which frames a domain has, and giving it more.</summary>
public sealed unsafe partial class XenGuest
{
    /// <summary>Most frames of one call.</summary>
    public const int MaxFrames = PageFrameInfo.MaxFrames;

    /// <summary>The pseudo-domain to which Xen's own memory belongs.</summary>
    private const int XenDomid = 0x7ff2;

    /// <summary>Machine frames whose numbers one 2 MiB part of Xen's table covers, and frames of such a part.</summary>
    private const int EntriesPerPart = (2 << 20) / sizeof(ulong);
    private const int FramesPerPart = (2 << 20) / PageSize;

    /// <summary>One more than the highest frame of an HVM or PVH domain.</summary>
    public long FrameCount()
    {
        var domid = (ushort*)calls.Bytes(0, sizeof(ushort));
        *domid = (ushort)Domid;
        return privcmd.Call("memory_op maximum_gpfn", HypercallNumbers.MemoryOp, MemoryCommands.MaximumGpfn, (ulong)domid) + 1;
    }

    /// <summary>The types of up to <see cref="MaxFrames"/> frames, as nibbles of the migration stream.</summary>
    public void PageTypes(ReadOnlySpan<ulong> frames, Span<byte> types)
    {
        var start = Stopwatch.GetTimestamp();
        // SAFETY: the buffer has room for the frames and nobody else uses it.
        Span<ulong> list = new(Buffer(frames.Length * sizeof(ulong)), frames.Length);
        frames.CopyTo(list);
        ref var call = ref Begin<PageFrameInfo>(PageFrameInfo.Command);
        call.Count = (ulong)frames.Length;
        call.Array = (ulong)buffer.Bytes(0, frames.Length * sizeof(ulong));
        Domctl("domctl getpageframeinfo3");
        for (var i = 0; i < frames.Length; i++)
        {
            types[i] = (byte)(list[i] >> PageFrameInfo.TypeShift & 0xf);
        }

        FrameCosts.TypeQuery.Add(frames.Length, start);
    }

    /// <summary>Gives the domain a frame behind each pfn, which must have none; of a PV domain <paramref name="pfns"/> comes back with
    /// machine frames. <paramref name="order"/> 9 gives 512 neighbours for each. ENOMEM when Xen gave fewer than asked.</summary>
    public void Populate(Span<ulong> pfns, int order)
    {
        const string operation = "memory_op populate_physmap";
        var start = Stopwatch.GetTimestamp();
        // SAFETY: as in PageTypes.
        Span<ulong> list = new(Buffer(pfns.Length * sizeof(ulong)), pfns.Length);
        pfns.CopyTo(list);
        var done = Reserve(operation, MemoryCommands.PopulatePhysmap, pfns.Length, order);
        FrameCosts.Populate.Add(pfns.Length, start);
        if (done != pfns.Length)
        {
            throw new HypervisorError(operation, LibC.ENOMEM);
        }

        list.CopyTo(pfns);
    }

    /// <summary>As <see cref="Populate"/> with an extent of 2 MiB, but false, and nothing given, when Xen has no such extent left. Of a PV
    /// domain <paramref name="frame"/> is the first machine frame of 512 neighbours.</summary>
    public bool TryPopulateLarge(ulong pfn, out ulong frame)
    {
        const int order = 9;
        var start = Stopwatch.GetTimestamp();
        var place = (ulong*)Buffer(sizeof(ulong));
        *place = pfn;
        var done = Reserve("memory_op populate_physmap", MemoryCommands.PopulatePhysmap, 1, order);
        frame = *place;
        FrameCosts.Populate.Add(done << order, start);
        return done == 1;
    }

    /// <summary>Xen's table of all machine frames: entry m is the pfn of machine frame m.</summary>
    public MachineTable MapMachineTable()
    {
        var count = privcmd.Call("memory_op maximum_ram_page", HypercallNumbers.MemoryOp, MemoryCommands.MaximumRamPage) + 1;
        var parts = (int)((count + EntriesPerPart - 1) / EntriesPerPart);
        var extents = (ulong*)Buffer(parts * sizeof(ulong));
        var call = calls.Zeroed<MachineToPhysicalList>();
        call->MaxExtents = (uint)parts;
        call->ExtentStart = (ulong)extents;
        privcmd.Call("memory_op machphys_mfn_list", HypercallNumbers.MemoryOp, MemoryCommands.MachineToPhysicalList, (ulong)call);
        if (call->ExtentCount != parts)
        {
            throw new HypervisorError("memory_op machphys_mfn_list", LibC.EINVAL);
        }

        var frames = new ulong[parts * FramesPerPart];
        for (var i = 0; i < frames.Length; i++)
        {
            frames[i] = extents[i / FramesPerPart] + (ulong)(i % FramesPerPart);
        }

        return new MachineTable(ForeignMapping.Map(privcmd, XenDomid, frames, writable: false), count);
    }

    private long Reserve(string operation, ulong command, int count, int order)
    {
        var call = calls.Zeroed<MemoryReservation>();
        call->ExtentStart = (ulong)buffer.Bytes(0, count * sizeof(ulong));
        call->ExtentCount = (ulong)count;
        call->Order = (uint)order;
        call->Domain = (ushort)Domid;
        return privcmd.Call(operation, HypercallNumbers.MemoryOp, command, (ulong)call);
    }
}

using System.Runtime.InteropServices;
using Toolstack.Interop.Xen.Abi;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>The page a PV guest shares with Xen, where a copy reads it.</summary>
public readonly ref struct PvSharedInfo(Span<byte> page)
{
    private readonly Span<byte> page = page;

    private ref SharedInfo Info => ref MemoryMarshal.AsRef<SharedInfo>(page);

    /// <summary>Frames the guest's own table has entries for.</summary>
    public long FrameCount => (long)Info.MaxPfn;

    /// <summary>Machine frame of page tables through which the guest's table of frames is seen at <see cref="TableAddress"/>; 0 when
    /// it is a tree from <see cref="FrameListList"/> on.</summary>
    public ulong TableRoot => Info.P2mCr3 >> 12;

    public ulong TableAddress => Info.P2mAddress;

    public ulong FrameListList => Info.FrameListList;

    /// <summary>Takes over what the guest keeps there, and nothing that belongs to the event channels of its former domain.</summary>
    public void Adopt(ReadOnlySpan<byte> former)
    {
        const int vcpus = SharedInfo.Vcpus * SharedInfo.VcpuInfoBytes;
        former[..vcpus].CopyTo(page);
        former.Slice(SharedInfo.Arch, SharedInfo.ArchBytes).CopyTo(page[SharedInfo.Arch..]);
        Info.FrameListList = 0;
        for (var vcpu = 0; vcpu < vcpus; vcpu += SharedInfo.VcpuInfoBytes)
        {
            page[vcpu] = 0;
            page.Slice(vcpu + SharedInfo.PendingSelector, sizeof(ulong)).Clear();
        }

        page.Slice(SharedInfo.EventPending, SharedInfo.EventBytes).Clear();
        page.Slice(SharedInfo.EventMask, SharedInfo.EventBytes).Fill(byte.MaxValue);
    }
}

/// <summary>The page a PV guest finds its rings by.</summary>
public readonly ref struct PvStartInfo(Span<byte> page)
{
    private readonly Span<byte> page = page;

    private ref StartInfo Info => ref MemoryMarshal.AsRef<StartInfo>(page);

    /// <summary>Machine frame of the ring to xenstore; of a suspended guest, its pfn.</summary>
    public ref ulong StoreFrame => ref Info.StoreFrame;

    public ref ulong ConsoleFrame => ref Info.ConsoleFrame;

    /// <summary>What is new in another domain: the ports, the address of the shared page, no flags.</summary>
    public void Adopt(long pages, ulong sharedInfoFrame, int storePort, int consolePort)
    {
        Info.Pages = (ulong)pages;
        Info.SharedInfoAddress = sharedInfoFrame << 12;
        Info.Flags = 0;
        Info.StorePort = (uint)storePort;
        Info.ConsolePort = (uint)consolePort;
    }
}

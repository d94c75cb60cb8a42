using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>
/// A suspended PV guest's own table of its frames, as the guest keeps it in its memory: which machine frame is behind each pfn.
/// The table is copied, for it is 2 thousandths of the memory it describes.
/// </summary>
internal sealed class PvFrameTable
{
    public const ulong None = ulong.MaxValue;

    private const int EntriesPerFrame = 512;
    private const int Levels = 4;
    private const ulong Present = 1;
    private const ulong FrameMask = (1UL << 40) - 1;

    private readonly XenGuest guest;
    private readonly MachineTable machine;
    private readonly ulong[] table;
    private readonly Dictionary<ulong, ulong[]> frames = [];

    private PvFrameTable(XenGuest guest, MachineTable machine, long count)
    {
        this.guest = guest;
        this.machine = machine;
        table = new ulong[count];
    }

    /// <summary>What the stream says of it: up to the last frame that there is. A guest keeps entries for memory it may get one day.</summary>
    public PvTable Own { get; private set; } = new(0, []);

    /// <summary>Reads it by what the guest says in its shared page.</summary>
    public static PvFrameTable Read(XenGuest guest, MachineTable machine, Span<byte> sharedInfo, long count)
    {
        PvSharedInfo shared = new(sharedInfo);
        PvFrameTable result = new(guest, machine, count);
        var leaves = new ulong[(count + EntriesPerFrame - 1) / EntriesPerFrame];
        for (var i = 0; i < leaves.Length; i++)
        {
            leaves[i] = shared.TableRoot != 0
                ? result.Walk(shared.TableRoot, shared.TableAddress + ((ulong)i * ForeignMapping.FrameBytes))
                : result.Follow(shared.FrameListList, i);
        }

        result.Load(leaves);
        result.frames.Clear();
        return result;
    }

    /// <summary>The machine frame of a pfn; <see cref="None"/> where the guest has none of its own.</summary>
    public ulong Machine(ulong pfn) => pfn < (ulong)table.Length && table[pfn] < (ulong)machine.Count ? table[pfn] : None;

    /// <summary>True when the same frames are behind the same pfns in both.</summary>
    public bool SameFrames(PvFrameTable other) => table.AsSpan().SequenceEqual(other.table);

    /// <summary>The pfn of a machine frame, if both tables say the same of it; <see cref="None"/> otherwise.</summary>
    public ulong Pfn(ulong frame)
    {
        var pfn = machine[frame];
        return pfn < (ulong)table.Length && table[pfn] == frame ? pfn : None;
    }

    /// <summary>As <see cref="Pfn"/>; raises HypervisorError for a frame that is not the guest's.</summary>
    public ulong RequirePfn(ulong frame, string what)
    {
        var pfn = Pfn(frame);
        return pfn != None ? pfn : throw new HypervisorError($"{what}: machine frame 0x{frame:x} is not in the table of domain {guest.Domid}", LibC.EINVAL);
    }

    /// <summary>By the guest's page tables: the frame behind a virtual address.</summary>
    private ulong Walk(ulong root, ulong address)
    {
        var frame = root;
        for (var level = Levels; level > 0; level--)
        {
            var entry = Frame(frame)[address >> (12 + (9 * (level - 1))) & (EntriesPerFrame - 1)];
            if ((entry & Present) == 0)
            {
                throw Broken();
            }

            frame = entry >> 12 & FrameMask;
        }

        return frame;
    }

    /// <summary>By the tree of older guests: a list of lists of the frames.</summary>
    private ulong Follow(ulong root, int leaf) => Frame(Frame(root)[leaf / EntriesPerFrame])[leaf % EntriesPerFrame];

    private ulong[] Frame(ulong frame)
    {
        if (!frames.TryGetValue(frame, out var entries))
        {
            if (frame >= (ulong)machine.Count)
            {
                throw Broken();
            }

            using var mapping = guest.Map([frame], writable: false);
            entries = MemoryMarshal.Cast<byte, ulong>(mapping.Bytes).ToArray();
            frames.Add(frame, entries);
        }

        return entries;
    }

    private void Load(ulong[] leaves)
    {
        for (var done = 0; done < leaves.Length; done += ForeignWindow.MaxRun)
        {
            var part = leaves.AsSpan(done, Math.Min(ForeignWindow.MaxRun, leaves.Length - done));
            using var mapping = guest.Map(part, writable: false);
            var entries = MemoryMarshal.Cast<byte, ulong>(mapping.Bytes);
            var target = table.AsSpan(done * EntriesPerFrame);
            entries[..Math.Min(entries.Length, target.Length)].CopyTo(target);
        }

        var last = table.Length - 1;
        while (last > 0 && Machine((ulong)last) == None)
        {
            last--;
        }

        Own = new PvTable(last, Array.ConvertAll(leaves[..(last / EntriesPerFrame + 1)], leaf => RequirePfn(leaf, "table of frames")));
    }

    private HypervisorError Broken() => new($"table of frames of domain {guest.Domid}", LibC.EINVAL);
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>A running simulated domain as the save engine sees it.</summary>
internal sealed class SimulatedSource(DomainConnection connection, string description, Action suspend) : IHypervisorSource
{
    private readonly MappedMemory memory = new(connection);

    public IGuestMemory Memory => memory;

    public string VmDescription => description;

    public StaticState GetStaticState() => SimulatedState.Static;

    public void Suspend() => suspend();

    public DynamicState GetDynamicState() =>
        SimulatedState.Write(connection.Call("get_context", c => c.GetContext(connection.Domid, CancellationToken.None)));

    public void WriteVgpus(IDataChannel io) => SimulatedCards.Write(connection.Call("vgpus", c => c.Vgpus(connection.Domid, CancellationToken.None)), io);

    public void Dispose() => memory.Dispose();
}

/// <summary>An empty simulated domain as the restore engine sees it.</summary>
internal sealed class SimulatedTarget(DomainConnection connection) : IHypervisorTarget
{
    private readonly MappedMemory memory = new(connection);
    private GuestRings? rings;

    public IGuestMemory Memory => memory;

    public GuestRings Rings => rings ?? throw new InvalidOperationException("the image has not been read");

    /// <summary>The simulated CPU has no policy that could be set: what came is what it has.</summary>
    public void SetStaticState(StaticState state) => ArgumentNullException.ThrowIfNull(state);

    public void SetDynamicState(DynamicState state)
    {
        var context = SimulatedState.Read(state);
        try
        {
            var frames = connection.Call("set_context", c => c.SetContext(connection.Domid, context, CancellationToken.None));
            rings = new GuestRings((ulong)frames.store, (ulong)frames.console);
        }
        catch (HypervisorError error) when (error.Errno == LibC.EINVAL)
        {
            throw new StreamError(StreamFault.BadBody, error.Message);
        }
    }

    public void ReadVgpus(IDataChannel io)
    {
        foreach (var card in SimulatedCards.Read(io))
        {
            connection.Call("set_vgpu", c => c.SetVgpu(connection.Domid, card, CancellationToken.None));
        }
    }

    public void Dispose() => memory.Dispose();
}

/// <summary>
/// The state of a simulated guest in the records a real one has: CPUID policy, TSC information, HVM parameters, and an HVM context
/// with one entry for each vCPU and one for its memory.
/// </summary>
internal static class SimulatedState
{
    // Types of our entries in the HVM context: outside Xen's own numbers, so that nobody takes them for a CPU.
    private const ushort VcpuType = 0x5343;
    private const ushort MemoryType = 0x5344;
    private const uint TscKhz = 1_000_000; // the guest's clock counts nanoseconds

    // Xen public interface, hvm/params.h.
    private const ulong StorePfn = 1;
    private const ulong ConsolePfn = 17;

    public static StaticState Static { get; } = new(Cpuid(), ReadOnlyMemory<byte>.Empty);

    public static DynamicState Write(GuestContext context)
    {
        var pages = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(pages, context.pages);
        var entries = context.vcpus.Select((text, i) => new HvmContextEntry(VcpuType, (ushort)i, Convert.FromHexString(text)))
            .Append(new HvmContextEntry(MemoryType, 0, pages)).ToArray();
        return new DynamicState(
            HvmContext.Build(TscKhz, entries),
            [new(StorePfn, (ulong)context.rings.store), new(ConsolePfn, (ulong)context.rings.console)],
            new TscInfo(Mode: 0, TscKhz, (ulong)context.nanoseconds, (uint)context.incarnation));
    }

    /// <summary>Raises <see cref="StreamError"/> BadBody for a context that is not ours.</summary>
    public static GuestContext Read(DynamicState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var vcpus = ImmutableArray.CreateBuilder<string>();
        long? pages = null;
        foreach (var entry in HvmContext.Parse(state.HvmContext))
        {
            if (entry.Type == VcpuType && entry.Instance == vcpus.Count)
            {
                vcpus.Add(Convert.ToHexStringLower(entry.Data.Span));
            }
            else if (entry.Type == MemoryType && entry.Instance == 0 && entry.Data.Length == sizeof(long) && pages is null)
            {
                pages = BinaryPrimitives.ReadInt64LittleEndian(entry.Data.Span);
            }
            else
            {
                throw new StreamError(StreamFault.BadBody, $"HVM context: entry of type {entry.Type}, instance {entry.Instance}");
            }
        }

        return new GuestContext
        {
            vcpus = vcpus.ToImmutable(),
            pages = pages ?? throw new StreamError(StreamFault.BadBody, "HVM context: nothing about memory"),
            rings = new RingFrames { store = Parameter(state, StorePfn), console = Parameter(state, ConsolePfn) },
            nanoseconds = (long)(state.Tsc?.Nanoseconds ?? 0),
            incarnation = state.Tsc?.Incarnation ?? 0,
        };
    }

    private static long Parameter(DynamicState state, ulong index)
    {
        foreach (var parameter in state.HvmParams)
        {
            if (parameter.Index == index && parameter.Value <= long.MaxValue)
            {
                return (long)parameter.Value;
            }
        }

        throw new StreamError(StreamFault.BadBody, $"HVM parameter {index} is missing");
    }

    /// <summary>The leaf by which a guest learns its hypervisor's name: the highest leaf, then the signature.</summary>
    private static byte[] Cpuid()
    {
        const uint hypervisorLeaf = 0x4000_0000;
        var leaf = new byte[24]; // leaf, subleaf, a, b, c, d
        BinaryPrimitives.WriteUInt32LittleEndian(leaf, hypervisorLeaf);
        BinaryPrimitives.WriteUInt32LittleEndian(leaf.AsSpan(8), hypervisorLeaf);
        "SimulatedXen"u8.CopyTo(leaf.AsSpan(12));
        return leaf;
    }
}

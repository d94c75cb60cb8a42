using System.Buffers.Binary;
using System.Diagnostics;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// The state of a simulated guest outside its memory, in the records a real one has: CPUID and MSR policies, TSC information,
/// HVM parameters, and an HVM context with one entry for each vCPU.
/// </summary>
internal sealed class GuestState
{
    /// <summary>Type of our entries in the HVM context: outside Xen's own numbers, so that nobody takes them for a CPU.</summary>
    private const ushort VcpuType = 0x5343;

    private const int VcpuBytes = 16; // gfn of the slice's header u64, counter u64
    private const uint TscKhz = 1_000_000; // the guest's clock counts nanoseconds
    private const ulong X87FipWidth = 36; // an HVM parameter that is kept across hosts (Xen public interface, hvm/params.h)

    private StaticState _static = new(DefaultCpuid(), ReadOnlyMemory<byte>.Empty);
    private IReadOnlyList<HvmParam> _parameters = [new(X87FipWidth, 8)];
    private uint _incarnation;

    public StaticState Static
    {
        get => _static;
        set => _static = value;
    }

    /// <summary>The guest must not be running.</summary>
    public DynamicState Read(IReadOnlyList<GuestSlice> slices)
    {
        var entries = slices.Select((slice, i) =>
        {
            var data = new byte[VcpuBytes];
            BinaryPrimitives.WriteInt64LittleEndian(data, slice.FirstGfn);
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(8), slice.Counter);
            return new HvmContextEntry(VcpuType, (ushort)i, data);
        }).ToArray();
        var nanoseconds = (ulong)Stopwatch.GetElapsedTime(0).TotalNanoseconds;
        return new DynamicState(
            HvmContext.Build(TscKhz, entries), _parameters, new TscInfo(Mode: 0, TscKhz, nanoseconds, _incarnation));
    }

    /// <summary>Finds the slices again that the context names; raises <see cref="StreamError"/> when memory and context do not
    /// belong together or the number of vCPUs is not the domain's.</summary>
    public IReadOnlyList<GuestSlice> Write(DynamicState state, GuestMemory memory, int vcpus)
    {
        List<GuestSlice> slices = [];
        foreach (var entry in HvmContext.Parse(state.HvmContext))
        {
            if (entry.Type != VcpuType || entry.Instance != slices.Count || entry.Data.Length != VcpuBytes)
            {
                throw new StreamError(StreamFault.BadBody, $"HVM context: entry of type {entry.Type}, instance {entry.Instance}");
            }

            if (slices.Count == vcpus)
            {
                throw new StreamError(StreamFault.BadBody, $"HVM context: more than {vcpus} vCPUs");
            }

            var data = entry.Data.Span;
            slices.Add(GuestSlice.Attach(
                memory, BinaryPrimitives.ReadInt64LittleEndian(data), BinaryPrimitives.ReadUInt64LittleEndian(data[8..])));
        }

        if (slices.Count != vcpus)
        {
            throw new StreamError(StreamFault.BadBody, $"HVM context: {slices.Count} of {vcpus} vCPUs");
        }

        _parameters = state.HvmParams;
        _incarnation = (state.Tsc?.Incarnation ?? 0) + 1;
        return slices;
    }

    /// <summary>The leaf by which a guest learns its hypervisor's name: the highest leaf, then the signature.</summary>
    private static byte[] DefaultCpuid()
    {
        const uint hypervisorLeaf = 0x4000_0000;
        var leaf = new byte[24]; // leaf, subleaf, a, b, c, d
        BinaryPrimitives.WriteUInt32LittleEndian(leaf, hypervisorLeaf);
        BinaryPrimitives.WriteUInt32LittleEndian(leaf.AsSpan(8), hypervisorLeaf);
        "SimulatedXen"u8.CopyTo(leaf.AsSpan(12));
        return leaf;
    }
}

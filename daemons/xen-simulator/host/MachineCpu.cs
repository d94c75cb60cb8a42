using System.Runtime.Intrinsics.X86;

namespace Toolstack.XenSimulator.Host;

/// <summary>The CPU of the machine that the simulation runs on: its guests are taken to have what it has.</summary>
internal static class MachineCpu
{
    private const int Extended = unchecked((int)0x80000000);

    /// <summary>CPUID's feature words in the order of Xen's featuresets (Xen public headers): 1d 1c e1d e1c Da1 7b0 7c0 e7d e8b 7d0 7a1 e21a.
    /// Empty on a machine without CPUID.</summary>
    public static string Features { get; } = X86Base.IsSupported ? Read() : "";

    private static string Read()
    {
        var basic = Leaf(1);
        var structured = Leaf(7);
        var extended = Leaf(Extended + 1);
        uint[] words =
        [
            basic.Edx, basic.Ecx, extended.Edx, extended.Ecx, Leaf(0xd, 1).Eax, structured.Ebx, structured.Ecx, Leaf(Extended + 7).Edx,
            Leaf(Extended + 8).Ebx, structured.Edx, structured.Eax == 0 ? 0 : Leaf(7, 1).Eax, Leaf(Extended + 0x21).Eax,
        ];
        return string.Join('-', words.Select(static word => $"{word:x8}"));
    }

    /// <summary>Zeros for a leaf that this CPU does not have.</summary>
    private static (uint Eax, uint Ebx, uint Ecx, uint Edx) Leaf(int number, int part = 0)
    {
        int last = X86Base.CpuId(number & Extended, 0).Eax;
        if ((uint)number > (uint)last)
        {
            return default;
        }

        var (eax, ebx, ecx, edx) = X86Base.CpuId(number, part);
        return ((uint)eax, (uint)ebx, (uint)ecx, (uint)edx);
    }
}

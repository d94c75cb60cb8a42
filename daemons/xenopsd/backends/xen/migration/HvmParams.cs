namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>Parameters of an HVM or PVH domain (Xen public headers, hvm/params.h) that go with it to another host.</summary>
internal static class HvmParams
{
    public const uint StorePfn = 1;
    public const uint StorePort = 2;
    public const uint IoreqPfn = 5;
    public const uint BufferedIoreqPfn = 6;
    public const uint ConsolePfn = 17;
    public const uint ConsolePort = 18;

    /// <summary>Those whose frames are rings with the old host: empty on the new one.</summary>
    public static bool IsRing(ulong index) => index is StorePfn or IoreqPfn or BufferedIoreqPfn or ConsolePfn;

    /// <summary>Sent where they are not 0: rings, VM86 TSS, ACPI location, Viridian, identity page table, generation id, I/O request
    /// servers, width of the x87 instruction pointer, machine check capabilities.</summary>
    public static ReadOnlySpan<uint> Saved => [StorePfn, IoreqPfn, BufferedIoreqPfn, 27, 28, 29, 37, ConsolePfn, 19, 9, 12, 34, 32, 33, 36, 38];
}

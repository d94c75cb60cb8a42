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

    /// <summary>Sent where they are not 0 and set by toolstacks alone: rings, Viridian, identity page table, I/O request servers, machine check
    /// capabilities.</summary>
    public static ReadOnlySpan<uint> Settled => [StorePfn, IoreqPfn, BufferedIoreqPfn, 27, 28, 29, ConsolePfn, 9, 12, 32, 33, 38];

    /// <summary>Sent likewise, but the guest may set them too: VM86 TSS, ACPI location, generation id, width of the x87 instruction pointer.</summary>
    public static ReadOnlySpan<uint> SetByGuests => [37, 19, 34, 36];
}

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Types of the records inside the libxc stream, versions 2 and 3 (libxc stream format). Bit 31 means optional: a
/// reader that does not know the type may skip it.</summary>
public enum RecordType : uint
{
    End = 0x00,
    PageData = 0x01,
    X86PvInfo = 0x02,
    X86PvP2mFrames = 0x03,
    X86PvVcpuBasic = 0x04,
    X86PvVcpuExtended = 0x05,
    X86PvVcpuXsave = 0x06,
    SharedInfo = 0x07,
    X86TscInfo = 0x08,
    HvmContext = 0x09,
    HvmParams = 0x0a,
    Toolstack = 0x0b,
    X86PvVcpuMsrs = 0x0c,
    Verify = 0x0d,
    Checkpoint = 0x0e,
    CheckpointDirtyPfnList = 0x0f,
    StaticDataEnd = 0x10,
    X86CpuidPolicy = 0x11,
    X86MsrPolicy = 0x12,

    /// <summary>
    /// Ours, written only to a receiver that announced it: frames that are all zero.
    /// Body: count u32, reserved u32 (0), then count times first gfn u64, number of frames u64; little-endian.
    /// </summary>
    ZeroPages = 0x8000_0100,
}

/// <summary>Types of the records around the stream (xenopsd suspend image).</summary>
public enum ImageRecord : ulong
{
    Xenops = 0x000f,
    Libxc = 0x00f0,
    Libxl = 0x00f1,
    LibxcLegacy = 0x00f2,
    QemuTrad = 0x0f00,
    QemuXen = 0x0f01,
    Demu = 0x0f10,
    Varstored = 0x0f11,
    Swtpm0 = 0x0f12,
    Swtpm = 0x0f13,
    EndOfImage = 0xffff,
}

/// <summary>Fixed values and sizes of both formats.</summary>
internal static class StreamFormat
{
    public const ulong Marker = ulong.MaxValue;
    public const uint Id = 0x5845_4E46; // "XENF"
    public const uint Version = 3;
    public const uint OldVersion = 2;
    public const ushort BigEndianOption = 1;
    public const int ImageHeaderBytes = 24;
    public const int DomainHeaderBytes = 16;
    public const int RecordHeaderBytes = 8;
    public const ushort PageShift = 12;
    public const uint OptionalBit = 0x8000_0000;

    public const int CpuidLeafBytes = 24;
    public const int MsrEntryBytes = 16;
    public const int HvmParamBytes = 16;
    public const int TscInfoBytes = 24;
    public const int ZeroRangeBytes = 16;

    /// <summary>First bytes of a PAGE_DATA, HVM_PARAMS or ZERO_PAGES body: count u32, reserved u32.</summary>
    public const int CountHeaderBytes = 8;

    /// <summary>First bytes of a vCPU's record: its number u32, reserved u32.</summary>
    public const int VcpuHeaderBytes = 8;

    public const int VcpuBasicBytes = 5168;
    public const int MaxVcpuExtendedBytes = 128;
    public const int LeastXsaveBytes = 16;

    /// <summary>Entries of 8 bytes in one frame of a PV guest's own table.</summary>
    public const int TableEntriesPerFrame = 512;

    public const int PageTypeShift = 60;
    public const ulong PfnMask = (1UL << 52) - 1;
    public const ulong ReservedPfnBits = 0x0FF0_0000_0000_0000;
    public const int PageNoTab = 0x0;

    /// <summary>Bit of the types of page tables (levels 1 to 4) that are pinned.</summary>
    public const int PagePinned = 0x8;

    public const int PageTableLevels = 4;
    public const int PageBroken = 0xD;
    public const int PageXalloc = 0xE;
    public const int PageXtab = 0xF;

    /// <summary>X86_PV_INFO of the only PV guests there are: 64 bits wide, page tables of 4 levels.</summary>
    public static ReadOnlySpan<byte> PvInfo => [8, 4, 0, 0, 0, 0, 0, 0];

    public static ReadOnlySpan<byte> ImageSignature => "XenSavedDomv2-\n"u8;

    /// <summary>Level 1 to 4 of a page table, pinned or not; 0 for any other type.</summary>
    public static int TableLevel(int type)
    {
        var level = type & ~PagePinned;
        return level is >= 1 and <= PageTableLevels ? level : 0;
    }

    /// <summary>Zero bytes that follow a body so that the next record starts at a multiple of 8.</summary>
    public static int Padding(uint length) => (int)(-length & 7);
}

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Every bound of the suspend image, of the libxc stream inside it, and of the engines that copy it.</summary>
public static class StreamLimits
{
    /// <summary>Bytes of a guest frame; the stream's page_shift is 12.</summary>
    public const int PageSize = 4096;

    /// <summary>Largest body of a libxc record, in bytes (libxc stream format).</summary>
    public const uint MaxRecordLength = 128 << 20;

    /// <summary>Frames of one PAGE_DATA record we write.</summary>
    public const int BatchPages = 1024;

    /// <summary>Frames of one PAGE_DATA record we accept: what fits in <see cref="MaxRecordLength"/> with their numbers.</summary>
    public const int MaxPagesPerRecord = (int)(MaxRecordLength / (PageSize + sizeof(ulong)));

    /// <summary>Entries of a PAGE_DATA record that carries no frame at all (all holes).</summary>
    public const int MaxEntriesPerRecord = 1 << 20;

    /// <summary>Ranges of one ZERO_PAGES record.</summary>
    public const int MaxZeroRanges = 4096;

    /// <summary>Largest body of a record that is kept in memory (contexts, policies), in bytes.</summary>
    public const int MaxStateLength = 1 << 20;

    /// <summary>Largest list of the frames of a PV guest's own table, in bytes: enough for 4 TiB.</summary>
    public const int MaxTableFramesLength = 16 << 20;

    /// <summary>Frames of zeros that the sender gathers before it tells of them.</summary>
    public const int ZeroFramesHeldBack = 2048;

    /// <summary>vCPUs of one guest.</summary>
    public const int MaxVcpus = 512;

    /// <summary>Optional records of unknown type that are skipped before the stream is refused.</summary>
    public const int MaxSkippedRecords = 1024;

    /// <summary>Entries of HVM_PARAMS, CPUID and MSR policies.</summary>
    public const int MaxStateEntries = 4096;

    /// <summary>Largest Xenops record (metadata as an s-expression), in bytes.</summary>
    public const int MaxXenopsRecord = 1 << 20;

    /// <summary>Largest emulator state records (Qemu_trad, Varstored, Swtpm), in bytes; read and dropped where there is no emulator.</summary>
    public const long MaxEmulatorRecord = 1 << 20;

    /// <summary>Records of one suspend image.</summary>
    public const int MaxImageRecords = 64;

    /// <summary>Depth of an s-expression in the Xenops record.</summary>
    public const int MaxSexpDepth = 64;

    /// <summary>How far the receiver gives frames ahead of the data, in frames.</summary>
    public const int PreparedAheadPages = 8192;

    /// <summary>Frames given at a time.</summary>
    public const int PreparedChunkPages = 256;

    /// <summary>Live passes, the first whole one included.</summary>
    public const int DefaultMaxIterations = 10;

    /// <summary>Most live passes that can be asked for.</summary>
    public const int MostIterations = 1000;

    /// <summary>A dirty set smaller than this is sent with the guest suspended, in pages.</summary>
    public const int DirtyThresholdPages = 50;

    /// <summary>Time the last pass may take, if nothing else is configured. The guest sees a longer pause: suspension, state and devices add to it.</summary>
    public static readonly TimeSpan DefaultDowntimeTarget = TimeSpan.FromMilliseconds(30);

    /// <summary>Longest silence on the socket, if nothing else is configured.</summary>
    public static readonly TimeSpan DefaultSilenceDeadline = TimeSpan.FromSeconds(30);
}

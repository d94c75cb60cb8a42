namespace Toolstack.Xenopsd.Migration;

/// <summary>Names of the cookies that open a migration's connections (xenops protocol); those after <see cref="Compress"/> are ours.</summary>
internal static class MigrationCookies
{
    internal const string InstanceId = "instance_id";
    internal const string FinalId = "final_id";
    internal const string DebugInfo = "dbg";

    /// <summary>The sender's version. Without it memory comes on the control connection itself.</summary>
    internal const string MemoryMigration = "mem_migration";

    /// <summary>Bytes, decimal.</summary>
    internal const string MemoryLimit = "memory_limit";

    /// <summary>Bytes, decimal.</summary>
    internal const string MemoryTotalSource = "memory_total_source";

    /// <summary>Empty; a vGPU connection without it is refused.</summary>
    internal const string VgpuMigration = "vgpu_migration";

    /// <summary><see cref="Zstd"/> when the memory is one zstd frame.</summary>
    internal const string Compress = "compress";

    internal const string Zstd = "zstd";

    /// <summary>What both sides know this migration by; a secret of theirs.</summary>
    internal const string Token = "migration_id";

    /// <summary><c>true</c> when the VM was paused and stays so.</summary>
    internal const string Paused = "paused";
}

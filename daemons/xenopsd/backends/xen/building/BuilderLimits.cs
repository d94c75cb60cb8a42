namespace Toolstack.Xenopsd.Backends.Xen.Building;

/// <summary>Bounds of the building of domains.</summary>
internal static class BuilderLimits
{
    /// <summary>How long the helper may take: reading the kernel, unpacking it, and filling the memory of a large guest.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(300);

    /// <summary>How much of what the helper says is kept, in characters.</summary>
    public const int MaxOutput = 16_384;

    /// <summary>How much of that goes into an error.</summary>
    public const int MaxErrorText = 1_000;
}

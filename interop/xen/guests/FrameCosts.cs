using System.Diagnostics;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>Frames that a phase of copies went over in this process, and the time that took, for who compares costs. Safe for any thread.</summary>
public sealed class FrameCost
{
    private long frames;
    private long ticks;

    public long Frames => Interlocked.Read(ref frames);

    public TimeSpan Time => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref ticks));

    internal void Add(long count, long start)
    {
        Interlocked.Add(ref frames, count);
        Interlocked.Add(ref ticks, Stopwatch.GetTimestamp() - start);
    }
}

/// <summary>The phases of copies beside the copying itself.</summary>
public static class FrameCosts
{
    /// <summary>Asking Xen for the types of frames.</summary>
    public static FrameCost TypeQuery { get; } = new();

    /// <summary>Mapping frames of other domains.</summary>
    public static FrameCost Map { get; } = new();

    public static FrameCost Unmap { get; } = new();

    /// <summary>Giving frames to domains.</summary>
    public static FrameCost Populate { get; } = new();
}

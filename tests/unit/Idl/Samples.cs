using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Tests.Idl;

[WireType]
public enum Mode
{
    Fast,
    [WireName("very-slow")]
    Slow,
}

[WireVariant]
public abstract record Disk
{
    public sealed record Local(string Path) : Disk;

    public sealed record Number(long Bus, Mode Mode) : Disk;

    public sealed record Maybe(string? Label) : Disk;

    public sealed record Empty : Disk;
}

[WireType]
public sealed record Address(int domain, int bus = 7);

[WireType]
public sealed record Machine
{
    public required string id { get; init; }

    public string name { get; init; } = "unnamed";

    public Mode mode { get; init; } = Mode.Slow;

    public double? rate { get; init; }

    public string? serial { get; init; }

    public (long Weight, long? Cap)? qos { get; init; }

    public ImmutableArray<Disk> disks { get; init; } = [];

    public ImmutableSortedDictionary<string, string> data { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public Address address { get; init; } = new(1, 2);
}

[WireVariant]
public abstract record SampleErrorKind
{
    public sealed record DoesNotExist(string Kind, string Id) : SampleErrorKind;

    [WireName("Internal_error")]
    public sealed record Internal(string Text) : SampleErrorKind;
}

public sealed class SampleError(SampleErrorKind kind) : Exception(kind.ToString())
{
    public SampleErrorKind Kind { get; } = kind;
}

[QueueInterface("sample", Error = typeof(SampleError))]
public interface ISample
{
    [WireName("VM.add")]
    Task<string> Add(string debug_info, Machine vm, CancellationToken cancel);

    [WireName("VM.stat"), RetrySafe]
    Task<(Machine, Mode)> Stat(string id, long? since, bool brief, CancellationToken cancel);

    Task fail(string how, CancellationToken cancel);
}

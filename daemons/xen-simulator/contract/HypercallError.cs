using System.Globalization;
using Toolstack.Idl;

namespace Toolstack.XenSimulator.Contract;

/// <summary>Every way a hypercall of the simulated host fails, as it goes on the wire.</summary>
[WireVariant]
public abstract record HypercallErrorValue
{
    private HypercallErrorValue() { }

    /// <summary>As Xen answers: a positive errno value, and what is wrong for people to read.</summary>
    public sealed record Errno(long number, string detail) : HypercallErrorValue;

    /// <summary>The simulator itself failed.</summary>
    public sealed record Internal_error(string message) : HypercallErrorValue;
}

/// <summary>A hypercall that was refused.</summary>
public sealed class HypercallError(HypercallErrorValue value) : Exception(value.ToString())
{
    public HypercallError(int errno, string detail)
        : this(new HypercallErrorValue.Errno(errno, detail))
    {
    }

    public HypercallErrorValue Value { get; } = value;

    public static HypercallError NoDomain(long domid) =>
        new(Tmds.Linux.LibC.ESRCH, "no domain " + domid.ToString(CultureInfo.InvariantCulture));
}

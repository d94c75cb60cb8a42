using System.Globalization;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.XenSimulator.Hypercalls;

internal enum FaultKind { Fail, Delay, Hang, Kill }

/// <summary>One fault in force; null <see cref="Domid"/> and <see cref="Nth"/> mean any. <see cref="Number"/> is an errno or a time in ms.</summary>
internal sealed record FaultRule(string Text, FaultKind Kind, string Call, long? Domid, int? Nth, int Number)
{
    private static readonly Dictionary<string, int> Errnos = new(StringComparer.Ordinal)
    {
        ["ENOMEM"] = LibC.ENOMEM, ["EINVAL"] = LibC.EINVAL, ["EBUSY"] = LibC.EBUSY, ["EIO"] = LibC.EIO,
        ["EAGAIN"] = LibC.EAGAIN, ["ESRCH"] = LibC.ESRCH, ["EPERM"] = LibC.EPERM,
    };

    /// <summary>Reads a fault of <see cref="FaultSyntax"/> that concerns a call; raises EINVAL.</summary>
    public static FaultRule Parse(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [FaultSyntax.Fail, var call, var errno] => new(text, FaultKind.Fail, call, null, 1, Errno(errno)),
            [FaultSyntax.Fail, var call, var domid, var errno] => new(text, FaultKind.Fail, call, Domain(domid), 1, Errno(errno)),
            [FaultSyntax.Fail, var call, var domid, var nth, var errno] => new(text, FaultKind.Fail, call, Domain(domid), (int?)Domain(nth), Errno(errno)),
            [FaultSyntax.Delay, var call, var time] => new(text, FaultKind.Delay, call, null, null, (int)Count(time)),
            [FaultSyntax.Delay, var call, var domid, var time] => new(text, FaultKind.Delay, call, Domain(domid), null, (int)Count(time)),
            [FaultSyntax.Hang, var call] => new(text, FaultKind.Hang, call, null, null, 0),
            [FaultSyntax.Hang, var call, var domid] => new(text, FaultKind.Hang, call, Domain(domid), null, 0),
            [FaultSyntax.KillAt, var call] => new(text, FaultKind.Kill, call, null, null, 0),
            [FaultSyntax.KillAt, var call, var domid] => new(text, FaultKind.Kill, call, Domain(domid), null, 0),
            _ => throw Wrong(text),
        };
    }

    public bool Matches(string call, long? domid) =>
        (Call == FaultSyntax.Any || Call == call) && (Domid is null || Domid == domid);

    /// <summary>A whole number, not negative; raises EINVAL.</summary>
    public static long Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw Wrong(text);

    public static HypercallError Wrong(string text) => new(LibC.EINVAL, $"'{text}' is no fault");

    private static long? Domain(string text) => text == FaultSyntax.Any ? null : Count(text);

    private static int Errno(string text) => Errnos.TryGetValue(text, out var errno) ? errno : (int)Count(text);
}

namespace Toolstack.XenSimulator.Contract;

/// <summary>
/// The faults that can be asked of a simulated host, one a text:
/// <list type="bullet">
/// <item><c>fail CALL [DOMID|*] [NTH] ERRNO</c>: the NTH matching call from now on (default the first) answers ERRNO, a number or ENOMEM, EINVAL, EBUSY, EIO, EAGAIN, ESRCH, EPERM; NTH * means every one</item>
/// <item><c>delay CALL [DOMID|*] MS</c>: every matching call takes so much longer</item>
/// <item><c>hang CALL [DOMID|*]</c>: every matching call waits until the faults are cleared</item>
/// <item><c>kill-at CALL [DOMID|*]</c>: the simulator ends with kill -9 at the first matching call</item>
/// <item><c>guest-hang DOMID</c>: the guest no longer looks at xenstore</item>
/// <item><c>xenstore-eagain N</c>: the next N commits of transactions of domain 0 are refused with EAGAIN</item>
/// <item><c>device-hang DOMID KIND ID</c>: the guest's driver of that device (<c>vbd 51712</c>, <c>vif 0</c>) does nothing until the faults are cleared</item>
/// <item><c>device-refuse DOMID KIND ID</c>: the guest does not let go of that device when asked to close it</item>
/// </list>
/// CALL is the wire's name of a method of <see cref="IHypercalls"/>, or *.
/// </summary>
public static class FaultSyntax
{
    public const string Fail = "fail";
    public const string Delay = "delay";
    public const string Hang = "hang";
    public const string KillAt = "kill-at";
    public const string GuestHang = "guest-hang";
    public const string XenstoreAgain = "xenstore-eagain";
    public const string DeviceHang = "device-hang";
    public const string DeviceRefuse = "device-refuse";
    public const string Any = "*";
}

using System.Globalization;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>Where things lie in xenstore (xenstore conventions of the toolstack); the one place that knows.</summary>
public static class StorePaths
{
    public const string Introduced = "@introduceDomain";
    public const string Released = "@releaseDomain";

    /// <summary>Roots that exist before the first domain is made: a removal below an absent parent is an error.</summary>
    public static readonly IReadOnlyList<string> Roots =
        ["/vm", "/libxl", "/xapi", "/xenops", "/xenops/domain", "/xenops/tasks", "/local/domain/0/backend", "/local/domain/0/xenserver", "/local/domain/0/xenserver/backend", "/squeezed", "/squeezed/state"];

    /// <summary>Udev rules leave devices to the toolstack when this is 1.</summary>
    public const string DisableUdev = "/libxl/disable_udev";

    public static string Domain(int domid) => string.Create(CultureInfo.InvariantCulture, $"/local/domain/{domid}");

    public static string Domain(int domid, string below) => string.Create(CultureInfo.InvariantCulture, $"/local/domain/{domid}/{below}");

    public static string Private(int domid) => string.Create(CultureInfo.InvariantCulture, $"/xenops/domain/{domid}");

    public static string Private(int domid, string below) => string.Create(CultureInfo.InvariantCulture, $"/xenops/domain/{domid}/{below}");

    public static string Libxl(int domid) => string.Create(CultureInfo.InvariantCulture, $"/libxl/{domid}");

    public static string Tasks(int domid) => string.Create(CultureInfo.InvariantCulture, $"/xenops/tasks/{domid}");

    public static string Vm(string vmId) => $"/vm/{vmId}";

    public static string Vm(string vmId, string below) => $"/vm/{vmId}/{below}";

    public static string VmDomain(string vmId, int domid) => string.Create(CultureInfo.InvariantCulture, $"/vm/{vmId}/domains/{domid}");

    public static string Xapi(string vmId) => $"/xapi/{vmId}";

    public static string VcpuAvailability(int domid, int vcpu) => Domain(domid, string.Create(CultureInfo.InvariantCulture, $"cpu/{vcpu}/availability"));

    /// <summary>Whether a name can be one component or more of a path: the rest of the protocol's characters has no place in it.</summary>
    public static bool IsName(string name) =>
        name.Length > 0 && name[0] != '/' && name[^1] != '/' && !name.Contains("//", StringComparison.Ordinal)
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '/' or '_' or '@');
}

/// <summary>Nodes below a domain's directory that are read or written from more than one place.</summary>
public static class StoreKeys
{
    public const string ActionRequest = "action-request";
    public const string Shutdown = "control/shutdown";
    public const string BalloonActive = "control/balloon-active";
    public const string FeatureBalloon = "control/feature-balloon";
    public const string Name = "name";
    public const string DomainType = "domain-type";
    public const string StaticMax = "memory/static-max";
    public const string Target = "memory/target";
    public const string DynamicMin = "memory/dynamic-min";
    public const string DynamicMax = "memory/dynamic-max";
    public const string Uncooperative = "memory/uncooperative";
    public const string MemoryOffset = "memory/memory-offset";
    public const string InitialReservation = "memory/initial-reservation";
    public const string DataUpdated = "data/updated";

    /// <summary>What <see cref="ActionRequest"/> holds until the domain is complete.</summary>
    public const string Poweroff = "poweroff";
    public const string Reboot = "reboot";
}

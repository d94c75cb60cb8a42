using System.Globalization;
using Toolstack.Xenopsd.Backends.Domains.Tree;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>One device in xenstore: the VM and its domain, the domain of the other end, and the kind and number at each end.</summary>
public sealed record DeviceAddress(string VmId, int Domid, int BackendDomid, string BackendKind, string Kind, int Id)
{
    public string Backend => string.Create(CultureInfo.InvariantCulture, $"/local/domain/{BackendDomid}/backend/{BackendKind}/{Domid}/{Id}");

    /// <summary>The guest's end, which it writes itself.</summary>
    public string Frontend => StorePaths.Domain(Domid, string.Create(CultureInfo.InvariantCulture, $"device/{Kind}/{Id}"));

    /// <summary>What the toolstack alone writes: the list of the domain's devices.</summary>
    public string Record => StorePaths.Private(Domid, string.Create(CultureInfo.InvariantCulture, $"device/{Kind}/{Id}"));

    public string FrontendError => StorePaths.Domain(Domid, string.Create(CultureInfo.InvariantCulture, $"error/device/{Kind}/{Id}/error"));

    public string BackendError => string.Create(CultureInfo.InvariantCulture, $"/local/domain/{BackendDomid}/error/backend/{BackendKind}/{Domid}");

    /// <summary>Where hotplug scripts say that they are done.</summary>
    public string Hotplug => DevicePaths.HotplugRoot(VmId, Domid) + string.Create(CultureInfo.InvariantCulture, $"/{BackendKind}/{Id}");

    /// <summary>What hotplug scripts read.</summary>
    public string Private => StorePaths.Xapi(VmId) + string.Create(CultureInfo.InvariantCulture, $"/private/{BackendKind}/{Id}");

    /// <summary>What guest agents read.</summary>
    public string Extra => StorePaths.Domain(Domid, string.Create(CultureInfo.InvariantCulture, $"xenserver/device/{Kind}/{Id}"));

    /// <summary>The thread that serves the device.</summary>
    public string Thread => Backend + "/kthread-pid";

    /// <summary>Asks a back end that knows it to end, <c>normal</c> or <c>force</c>.</summary>
    public string ShutdownRequest => Backend + "/shutdown-request";

    /// <summary>Such a back end has ended.</summary>
    public string ShutdownDone => Backend + "/shutdown-done";

    /// <summary>There when the other end's domain has such back ends.</summary>
    public string HasShutdownRequest => StorePaths.Domain(BackendDomid, "control/feature-shutdown-request");

    public string BackendState => Backend + "/state";

    public string FrontendState => Frontend + "/state";

    public string HotplugStatus => Backend + "/hotplug-status";

    public string HotplugError => Backend + "/hotplug-error";
}

/// <summary>Paths of devices that belong to no single one.</summary>
internal static class DevicePaths
{
    public static string HotplugRoot(string vmId, int domid) => StorePaths.Xapi(vmId) + string.Create(CultureInfo.InvariantCulture, $"/hotplug/{domid}");

    /// <summary>The back ends of a domain's devices of one kind.</summary>
    public static string Backends(string kind, int domid) => string.Create(CultureInfo.InvariantCulture, $"/local/domain/0/backend/{kind}/{domid}");

    /// <summary>Whether the device is to be connected: <c>1</c> or <c>0</c>.</summary>
    public static string Active(string vmId, string kind, string device) => StorePaths.Vm(vmId, $"devices/{kind}/{device}");
}

/// <summary>States of either end of a device (xenbus protocol).</summary>
internal static class XenbusState
{
    public const string Initialising = "1";
    public const string InitWait = "2";
    public const string Initialised = "3";
    public const string Connected = "4";
    public const string Closing = "5";
    public const string Closed = "6";
    public const string Reconfiguring = "7";
}

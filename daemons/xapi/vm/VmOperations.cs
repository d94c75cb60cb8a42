using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Xenops;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>The messages of class VM, by subject in the files of this class. Forwarding has locked the VM and chosen this host before one runs;
/// power states are not checked again here.</summary>
internal sealed partial class VmOperations(
    XapiDatabase database, HostIdentity identity, LocalXenops xenops, HostChooser chooser, IRemoteHosts remote, VmSettings settings,
    VdiStore storage, DeviceUpdates devices, StartsAtWork starts, ILogger logger) : VMMessages
{
    private readonly SuspendImages images = new(database, identity, storage, remote);
    private readonly VmCopies copies = new(database, storage);

    /// <summary>The images of suspended VMs.</summary>
    internal SuspendImages Images => images;

    private static CallContext Context(Call call) => (CallContext)call;

    /// <summary>Raises HANDLE_INVALID.</summary>
    private ValueTask<VM> GetAsync(Call call, Ref<VM> self) => database.Get(self, call.Cancellation);

    /// <summary>Changes the row and keeps its allowed_operations consistent. Raises HANDLE_INVALID and what <paramref name="change"/> raises.</summary>
    private ValueTask<VM> ChangeAsync(Call call, Ref<VM> self, Func<VM, VM> change) =>
        database.Update(self, row => VmRows.WithAllowed(change(row), self.ToString()), call.Cancellation);

    /// <summary>The promise with which the coordinator sent the call here must stand: one that was started anew meanwhile has forgotten the call, and may
    /// have let others do with the VM what the call wants to do. Raises OPERATION_NOT_ALLOWED [why].</summary>
    private static void AssertPromised(VM row, Ref<host> place)
    {
        if (row.scheduled_to_be_resident_on != place)
        {
            throw new XenApiError("OPERATION_NOT_ALLOWED", $"VM {row.uuid} is no longer promised to {place}: the coordinator has been started anew");
        }
    }
}

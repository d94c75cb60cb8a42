using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Storage;

/// <summary>What the validity of an operation on a VDI depends on besides its row: its attachments and its SR, read before.</summary>
/// <param name="Attached">Some VBD of a VM that is not suspended is attached.</param>
/// <param name="AttachedForWriting">One of those is writable.</param>
/// <param name="Busy">The operations under way on its VBDs (task -> operation).</param>
/// <param name="Reachable">Some PBD of its SR is attached.</param>
internal sealed record VdiUse(bool Attached, bool AttachedForWriting, ImmutableArray<(string Vbd, string Task, string Operation)> Busy, bool Reachable);

/// <summary>Which operations VDIs and SRs admit now, in the order in which XenAPI complains. Pure.</summary>
internal static class StorageRules
{
    /// <summary>What images in a directory can do.</summary>
    private static readonly ImmutableHashSet<vdi_operations> VdiFeatures =
        [vdi_operations.clone, vdi_operations.copy, vdi_operations.resize, vdi_operations.snapshot, vdi_operations.destroy, vdi_operations.forget, vdi_operations.update];

    private static readonly ImmutableHashSet<storage_operations> SrFeatures =
    [
        storage_operations.scan, storage_operations.destroy, storage_operations.forget, storage_operations.plug, storage_operations.unplug,
        storage_operations.update, storage_operations.vdi_create, storage_operations.vdi_destroy, storage_operations.vdi_resize,
        storage_operations.vdi_clone, storage_operations.vdi_snapshot, storage_operations.vdi_introduce, storage_operations.pbd_create,
        storage_operations.pbd_destroy,
    ];

    /// <summary>Operations that an attached VDI admits.</summary>
    private static readonly ImmutableHashSet<vdi_operations> Live =
    [
        vdi_operations.snapshot, vdi_operations.resize_online, vdi_operations.blocked, vdi_operations.clone, vdi_operations.mirror,
        vdi_operations.enable_cbt, vdi_operations.disable_cbt, vdi_operations.data_destroy,
    ];

    /// <summary>The error that forbids the operation on the VDI, or null.</summary>
    internal static XenApiError? Check(string reference, VDI row, VdiUse use, vdi_operations operation)
    {
        ImmutableArray<KeyValuePair<string, string>> blocking =
            [.. row.current_operations.Where(c => c.Value != vdi_operations.copy || operation != vdi_operations.copy)
                .Select(static c => KeyValuePair.Create(c.Key, vdi_operationsCodec.Text(c.Value)))];
        if (!blocking.IsEmpty)
        {
            return OtherOperation.InProgress("VDI", reference, blocking);
        }

        if (!VdiFeatures.Contains(operation))
        {
            return new XenApiError("SR_OPERATION_NOT_SUPPORTED", row.SR.ToString());
        }

        if (!use.Reachable && operation is not (vdi_operations.forget or vdi_operations.update))
        {
            return new XenApiError("SR_NO_PBDS", row.SR.ToString());
        }

        bool harmless = Live.Contains(operation) || (operation == vdi_operations.copy && !use.AttachedForWriting);
        if (use.Attached && !harmless)
        {
            return new XenApiError("VDI_IN_USE", reference, vdi_operationsCodec.Text(operation));
        }

        if (!use.Busy.IsEmpty && operation != vdi_operations.data_destroy)
        {
            (string vbd, string task, string busy) = use.Busy[0];
            return OtherOperation.InProgress("VBD", vbd, [KeyValuePair.Create(task, busy)]);
        }

        return operation == vdi_operations.snapshot && row.sharable ? new XenApiError("VDI_IS_SHARABLE", reference) : null;
    }

    internal static VDI WithAllowed(string reference, VDI row, VdiUse use) => row with
    {
        allowed_operations = [.. VdiFeatures.Order().Where(operation => Check(reference, row, use, operation) is null)],
    };

    /// <summary>The error that forbids the operation on the SR, or null.</summary>
    /// <param name="reference">The SR.</param>
    /// <param name="row">Its row.</param>
    /// <param name="attached">Some PBD is attached.</param>
    /// <param name="occupied">Some VDI in it is managed and not a record of measurements.</param>
    /// <param name="operation">What is to be done.</param>
    internal static XenApiError? Check(string reference, SR row, bool attached, bool occupied, storage_operations operation)
    {
        ImmutableArray<KeyValuePair<string, string>> current =
            [.. row.current_operations.Where(c => operation != storage_operations.plug || c.Value != storage_operations.plug)
                .Select(static c => KeyValuePair.Create(c.Key, storage_operationsCodec.Text(c.Value)))];
        if (!current.IsEmpty)
        {
            return OtherOperation.InProgress("SR", reference, current);
        }

        if (!SrFeatures.Contains(operation))
        {
            return new XenApiError("SR_OPERATION_NOT_SUPPORTED", reference);
        }

        return operation switch
        {
            storage_operations.destroy or storage_operations.forget when attached => new XenApiError("SR_HAS_PBD", reference),
            storage_operations.destroy when row.PBDs.IsEmpty => new XenApiError("SR_NO_PBDS", reference),
            storage_operations.destroy when occupied => new XenApiError("SR_NOT_EMPTY"),
            _ => null,
        };
    }

    internal static SR WithAllowed(string reference, SR row, bool attached, bool occupied) => row with
    {
        allowed_operations = [.. SrFeatures.Order().Where(operation => Check(reference, row, attached, occupied, operation) is null)],
    };
}

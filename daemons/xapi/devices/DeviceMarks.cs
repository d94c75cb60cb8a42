using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;

namespace Toolstack.Xapi.Devices;

/// <summary>The coordinator marks the devices of a VM that is about to run as being attached, so that no two VMs get a disk that they may not
/// share: checks and marks are made one VM at a time.</summary>
internal sealed class DeviceMarks(XapiDatabase database, OperationLocks locks) : IDisposable
{
    private const string Attach = "attach";

    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Marks the disks with media and the interfaces of the VM. Raises VDI_IN_USE [VDI], VDI_READONLY, VDI_NOT_MANAGED,
    /// OPERATION_NOT_ALLOWED when some interface cannot be marked. What was marked is in <paramref name="held"/> in either case.</summary>
    internal async ValueTask EnterAsync(Stack<HeldLock> held, Ref<VM> vm, string task, CancellationToken cancel)
    {
        VM row = await database.Get(vm, cancel).ConfigureAwait(false);
        if (row.VBDs.IsEmpty && row.VIFs.IsEmpty)
        {
            return;
        }

        await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            foreach (Ref<VBD> one in row.VBDs)
            {
                if (await database.Find(one, cancel).ConfigureAwait(false) is { empty: false })
                {
                    held.Push(await locks.EnterAsync("VBD", one.ToString(), Attach, task, strict: true, cancel).ConfigureAwait(false));
                }
            }

            foreach (Ref<VIF> one in row.VIFs)
            {
                held.Push(await EnterVifAsync(one, task, cancel).ConfigureAwait(false));
            }
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    private async ValueTask<HeldLock> EnterVifAsync(Ref<VIF> self, string task, CancellationToken cancel)
    {
        VIF row = await database.Get(self, cancel).ConfigureAwait(false);
        return row.current_operations.IsEmpty
            ? await locks.EnterAsync("VIF", self.ToString(), Attach, task, strict: true, cancel).ConfigureAwait(false)
            : throw new XenApiError("OPERATION_NOT_ALLOWED", "Failed to lock all VIFs");
    }
}

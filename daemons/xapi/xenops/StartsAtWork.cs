using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Xenops;

/// <summary>Which VMs this process is starting or resuming. A promise whose caller has given up is taken back only when nobody here is at it: a call that
/// found the promise standing goes on to start the VM.</summary>
internal sealed class StartsAtWork
{
    private readonly Lock gate = new();
    private readonly Dictionary<Ref<VM>, int> calls = [];
    private readonly Dictionary<Ref<VM>, TaskCompletionSource> settling = [];

    /// <summary>A call is at it until the result is disposed. What is being settled about the VM is settled before this returns.</summary>
    public async Task<IDisposable> EnterAsync(Ref<VM> vm)
    {
        Task settled;
        lock (gate)
        {
            calls[vm] = calls.GetValueOrDefault(vm) + 1;
            settled = settling.TryGetValue(vm, out TaskCompletionSource? one) ? one.Task : Task.CompletedTask;
        }

        await settled.ConfigureAwait(false);
        return new Entered(this, vm);
    }

    /// <summary>Runs <paramref name="settle"/> while no call begins; false, and not at all, when one is at it.</summary>
    public async Task<bool> SettleAsync(Ref<VM> vm, Func<Task<bool>> settle)
    {
        TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (calls.ContainsKey(vm) || !settling.TryAdd(vm, over))
            {
                return false;
            }
        }

        try
        {
            return await settle().ConfigureAwait(false);
        }
        finally
        {
            lock (gate)
            {
                settling.Remove(vm);
            }

            over.SetResult();
        }
    }

    private void Leave(Ref<VM> vm)
    {
        lock (gate)
        {
            if (--calls[vm] == 0)
            {
                calls.Remove(vm);
            }
        }
    }

    private sealed class Entered(StartsAtWork owner, Ref<VM> vm) : IDisposable
    {
        public void Dispose() => owner.Leave(vm);
    }
}

using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>A connection of its own for work on one domain: what it holds there (log-dirty mode) ends when this process does.</summary>
internal sealed class DomainConnection : IDisposable
{
    private readonly HypercallConnection connection;
    private readonly HypercallsClient calls;
    private readonly Lock sync = new();

    private DomainConnection(HypercallConnection connection, int domid)
    {
        this.connection = connection;
        calls = new HypercallsClient(new TracedHypercalls(connection));
        Domid = domid;
    }

    public int Domid { get; }

    public static DomainConnection Open(string path, int domid) => new(HypercallConnection.Open(path), domid);

    public T Call<T>(string name, Func<HypercallsClient, Task<T>> call)
    {
        lock (sync)
        {
            return SimulatedHypervisor.Wait(name, call(calls));
        }
    }

    public void Call(string name, Func<HypercallsClient, Task> call)
    {
        lock (sync)
        {
            SimulatedHypervisor.Wait(name, call(calls));
        }
    }

    /// <summary>A call that answers with a length and the memory of that length.</summary>
    public SharedMemory Map(string name, Func<HypercallsClient, Task<long>> call, bool hugePages)
    {
        lock (sync)
        {
            var length = SimulatedHypervisor.Wait(name, call(calls));
            SafeFileHandle descriptor = connection.TakeDescriptor();
            try
            {
                return SharedMemory.OpenShared(descriptor, length, hugePages);
            }
            catch
            {
                descriptor.Dispose();
                throw;
            }
        }
    }

    public void Dispose() => connection.Dispose();
}

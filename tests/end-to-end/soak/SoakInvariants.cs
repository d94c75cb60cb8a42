using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What holds of a pool after any number of operations: each VM has one owner, and of those that went nothing is left.</summary>
internal sealed class SoakInvariants(StorageFixture fixture)
{
    /// <summary>Each xenopsd has the VMs that the pool says run on its host, and no other.</summary>
    internal async Task CheckOwnersAsync(IReadOnlyList<SoakVm> vms, CancellationToken cancel)
    {
        foreach (var host in fixture.Pool.Hosts)
        {
            var expected = vms.Where(vm => vm.Host == host.Number).Select(vm => vm.Uuid).Order(StringComparer.Ordinal);
            Assert.Equal(expected, await VmsOfAsync(host, cancel));
        }
    }

    /// <summary>No VM, no domain, no node of xenstore, no task, no image is left.</summary>
    internal async Task CheckEmptyAsync(CancellationToken cancel)
    {
        foreach (var host in fixture.Pool.Hosts)
        {
            Assert.Empty(await VmsOfAsync(host, cancel));
            Assert.Empty((await XenopsCall.AskAsync(host, "Task.list", cancel)).EnumerateArray());
            using var machine = SimulatorControl.Open(host);
            Assert.Empty((await machine.DomainsAsync(cancel)).Where(domain => domain.domid != 0));
            Assert.Empty(await StoreNodes.OfGuestsAsync(host, cancel));
        }

        Assert.Empty((Dictionary<string, object>)await fixture.Client.CallAsync("task.get_all_records", cancel));
        Assert.Empty((Dictionary<string, object>)await fixture.Client.CallAsync("VDI.get_all_records", cancel));
        Assert.Empty(Directory.EnumerateFiles(fixture.Location, "*.raw", SearchOption.AllDirectories));
    }

    private static async Task<IEnumerable<string>> VmsOfAsync(PoolHost host, CancellationToken cancel) =>
        (await XenopsCall.AskAsync(host, "VM.list", cancel)).EnumerateArray().Select(entry => entry[0].GetProperty("id").GetString()!).Order(StringComparer.Ordinal);
}

/// <summary>Descriptors and threads of every daemon.</summary>
internal sealed class Resources
{
    /// <summary>How far pools of threads and idle connections may differ between two moments.</summary>
    private const int Slack = 24;

    private readonly Dictionary<string, (int Descriptors, int Threads)> counts = [];

    internal static Resources Of(DevelopmentPool pool)
    {
        var resources = new Resources();
        foreach (var host in pool.Hosts)
        {
            foreach (var daemon in host.Daemons)
            {
                resources.counts[$"{daemon.Name} of host {host.Number}"] =
                    (Directory.GetFileSystemEntries($"/proc/{daemon.Pid}/fd").Length, Directory.GetDirectories($"/proc/{daemon.Pid}/task").Length);
            }
        }

        return resources;
    }

    internal void AssertNotBeyond(Resources before)
    {
        foreach (var (name, (descriptors, threads)) in counts)
        {
            var (oldDescriptors, oldThreads) = before.counts[name];
            Assert.True(descriptors <= oldDescriptors + Slack, $"{name}: {descriptors} descriptors, {oldDescriptors} before");
            Assert.True(threads <= oldThreads + Slack, $"{name}: {threads} threads, {oldThreads} before");
        }
    }
}

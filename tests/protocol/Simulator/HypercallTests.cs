using System.Net;
using System.Net.Sockets;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;
using Xunit;
using ShutdownReason = Toolstack.Xenopsd.Backends.ShutdownReason;

namespace Toolstack.Tests.Simulator;

/// <summary>Domains of a simulated host, over its hypercall socket.</summary>
public class HypercallTests
{
    private const long Mib = SimulatedMachine.Mib;

    [Fact]
    public async Task A_domain_lives_until_it_is_destroyed()
    {
        await using var machine = new SimulatedMachine();
        var xen = machine.Hypervisor;
        var handle = Guid.NewGuid();
        var domid = machine.Create(16);
        xen.SetHandle(domid, handle);
        var empty = xen.Domain(domid)!;
        Assert.Equal((1, handle, true, 0L, 17 * Mib), (domid, empty.Handle, empty.Paused, empty.MemoryBytes, empty.MaxMemoryBytes));

        var rings = await xen.BuildAsync(domid, SimulatedMachine.Image(16), default);
        Assert.NotEqual(rings.Store, rings.Console);
        xen.Pause(domid);
        xen.Unpause(domid);
        Assert.True(xen.Domain(domid)!.Paused);
        xen.Unpause(domid);
        var running = xen.Domain(domid)!;
        Assert.Equal((false, null, 16 * Mib, 2), (running.Paused, running.ShutdownCode, running.MemoryBytes, running.OnlineVcpus));
        await SimulatedMachine.EventuallyAsync(() => xen.Domain(domid)!.CpuTime > running.CpuTime);

        xen.ShutDown(domid, ShutdownReason.Reboot);
        Assert.Equal(1, xen.Domain(domid)!.ShutdownCode);
        await xen.DestroyAsync(domid, default);
        Assert.Null(xen.Domain(domid));
        Assert.Empty(xen.Domains());
        Assert.Equal(LibC.ESRCH, Assert.Throws<HypervisorError>(() => xen.Unpause(domid)).Errno);
        Assert.Equal(2, machine.Create(16));
        Assert.Contains("d1: destroyed", xen.ReadConsole(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_is_given_out_once()
    {
        await using var machine = new SimulatedMachine(memoryMib: 100);
        var xen = machine.Hypervisor;
        var first = await machine.BuildAsync(60);
        Assert.Equal(40 * Mib, xen.Machine().FreeMemoryBytes);
        var second = machine.Create(64);
        var refused = await Assert.ThrowsAsync<HypervisorError>(() => xen.BuildAsync(second, SimulatedMachine.Image(41), default));
        Assert.Equal(LibC.ENOMEM, refused.Errno);
        xen.SetPagingPool(first, 8 * Mib);
        Assert.Equal(32 * Mib, xen.Machine().FreeMemoryBytes);
        Assert.Equal(LibC.ENOMEM, Assert.Throws<HypervisorError>(() => xen.SetPagingPool(first, 41 * Mib)).Errno);
        await xen.DestroyAsync(first, default);
        Assert.Equal(100 * Mib, xen.Machine().FreeMemoryBytes);

        var ballooned = machine.Create(64);
        await xen.BuildAsync(ballooned, SimulatedMachine.Image(64, target: 32), default);
        Assert.Equal(68 * Mib, xen.Machine().FreeMemoryBytes);
        var more = machine.Create(16);
        xen.SetMaxMemory(more, 8 * Mib);
        Assert.Equal(LibC.ENOMEM, (await Assert.ThrowsAsync<HypervisorError>(() => xen.BuildAsync(more, SimulatedMachine.Image(16), default))).Errno);
    }

    [Fact]
    public async Task Only_a_suspended_domain_has_a_context_and_resumes()
    {
        await using var machine = new SimulatedMachine();
        var xen = machine.Hypervisor;
        var domid = await machine.BuildAsync(16);
        xen.Unpause(domid);
        using var source = xen.OpenSource(domid, "((id x))", () => xen.ShutDown(domid, ShutdownReason.Suspend));
        Assert.Equal(LibC.EBUSY, Assert.Throws<HypervisorError>(() => source.GetDynamicState()).Errno);
        Assert.Equal(LibC.EINVAL, Assert.Throws<HypervisorError>(() => xen.ResumeCooperatively(domid)).Errno);
        source.Suspend();
        Assert.Equal(2, xen.Domain(domid)!.ShutdownCode);
        Assert.NotEmpty(source.GetDynamicState().HvmParams);
        xen.ResumeCooperatively(domid);
        Assert.Null(xen.Domain(domid)!.ShutdownCode);
    }

    [Fact]
    public async Task Writes_of_a_running_guest_are_seen_through_the_mapping_and_in_the_bitmap()
    {
        await using var machine = new SimulatedMachine();
        var xen = machine.Hypervisor;
        var domid = await machine.BuildAsync(16, (GuestKeys.DirtyRate, "20000"));
        using var source = xen.OpenSource(domid, "", () => { });
        var memory = source.Memory;
        var bitmap = new ulong[(memory.PageCount + 63) / 64];
        Assert.Equal(LibC.EINVAL, Assert.Throws<HypervisorError>(() => memory.CleanLogDirty(bitmap)).Errno);
        memory.EnableLogDirty();
        Assert.Equal(0, memory.CleanLogDirty(bitmap));

        var before = Checksums(memory);
        xen.Unpause(domid);
        await SimulatedMachine.EventuallyAsync(() => Checksums(memory).Where((sum, i) => sum != before[i]).Count() > 100);
        xen.Pause(domid);
        var count = memory.CleanLogDirty(bitmap);
        Assert.Equal(count, bitmap.Sum(w => (long)ulong.PopCount(w)));
        var changed = Checksums(memory).Select((sum, gfn) => (sum, gfn)).Where(p => p.sum != before[p.gfn]).Select(p => p.gfn);
        Assert.All(changed, gfn => Assert.NotEqual(0UL, bitmap[gfn / 64] & (1UL << (gfn % 64))));
        Assert.Equal(0, memory.CleanLogDirty(bitmap));
        memory.DisableLogDirty();
        memory.DisableLogDirty();
    }

    [Fact]
    public async Task Log_dirty_ends_with_the_connection_that_asked_for_it()
    {
        await using var machine = new SimulatedMachine();
        var xen = machine.Hypervisor;
        var domid = await machine.BuildAsync(16, (GuestKeys.DirtyRate, "20000"));
        using (var died = xen.OpenSource(domid, "", () => { }))
        {
            died.Memory.EnableLogDirty();
            xen.Unpause(domid);
        }

        using var next = xen.OpenSource(domid, "", () => { });
        xen.Pause(domid);
        var bitmap = new ulong[(next.Memory.PageCount + 63) / 64];
        next.Memory.EnableLogDirty();
        Assert.Equal(0, next.Memory.CleanLogDirty(bitmap));
    }

    [Fact]
    public async Task A_guest_moves_from_one_host_to_another()
    {
        await using var from = new SimulatedMachine();
        await using var to = new SimulatedMachine();
        var domid = await from.BuildAsync(64, (GuestKeys.DirtyRate, "5000"));
        from.Hypervisor.Unpause(domid);
        var target = to.Create(64);
        await MoveAsync(from.Hypervisor, domid, to.Hypervisor, target);
        to.Hypervisor.Unpause(target);
        var arrived = to.Hypervisor.Domain(target)!;
        Assert.Equal((64 * Mib, 2), (arrived.MemoryBytes, arrived.OnlineVcpus));
        await SimulatedMachine.EventuallyAsync(() => to.Hypervisor.Domain(target)!.CpuTime > arrived.CpuTime);
    }

    [Fact]
    public async Task A_context_that_does_not_belong_to_the_memory_is_refused()
    {
        await using var machine = new SimulatedMachine();
        var domid = await machine.BuildAsync(16);
        using var source = machine.Hypervisor.OpenSource(domid, "", () => { });
        machine.Hypervisor.Unpause(domid);
        machine.Hypervisor.ShutDown(domid, ShutdownReason.Suspend);
        var state = source.GetDynamicState();
        using var target = machine.Hypervisor.OpenTarget(machine.Create(16), 1, 2);
        Assert.Equal(StreamFault.BadBody, Assert.Throws<StreamError>(() => target.SetDynamicState(state)).Fault);
        Assert.Equal(StreamFault.BadBody, Assert.Throws<StreamError>(() => target.SetDynamicState(state with { HvmParams = [] })).Fault);
    }

    private static async Task MoveAsync(SimulatedHypervisor from, int domid, SimulatedHypervisor to, int target)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var sending = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sending.ConnectAsync(listener.LocalEndpoint);
        using var receiving = await listener.AcceptSocketAsync();
        using var source = from.OpenSource(domid, "((id x))", () => from.ShutDown(domid, ShutdownReason.Suspend));
        using var filled = to.OpenTarget(target, 1, 2);
        var progress = new Progress<double>();
        using var input = new SocketChannel(receiving, TimeSpan.FromSeconds(60));
        using var output = new SocketChannel(sending, TimeSpan.FromSeconds(60));
        var receive = Task.Run(() => RestoreEngine.Run(filled, input, progress, default));
        await Task.Run(() => SaveEngine.Run(source, output, SaveOptions.Default, _ => Task.CompletedTask, progress, default));
        await receive;
        for (var gfn = 0L; gfn < source.Memory.PageCount; gfn++)
        {
            Assert.Equal(Checksum(source.Memory, gfn), Checksum(filled.Memory, gfn));
        }
    }

    private static ulong[] Checksums(IGuestMemory memory) =>
        [.. Enumerable.Range(0, (int)memory.PageCount).Select(gfn => Checksum(memory, gfn))];

    private static unsafe ulong Checksum(IGuestMemory memory, long gfn)
    {
        var sum = 0UL;
        foreach (var word in new ReadOnlySpan<ulong>(memory.Frames(gfn, 1), 512))
        {
            sum = (sum * 31) + word;
        }

        return sum;
    }
}

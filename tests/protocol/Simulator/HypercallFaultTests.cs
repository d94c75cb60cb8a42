using System.Buffers.Binary;
using System.Net.Sockets;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.Xenopsd.Backends.Simulator;
using Xunit;

namespace Toolstack.Tests.Simulator;

/// <summary>What goes wrong between a simulated host and its clients, by accident or asked for.</summary>
public class HypercallFaultTests
{
    [Fact]
    public async Task Asked_for_faults_hit_the_calls_they_name_and_run_out()
    {
        await using var machine = new SimulatedMachine();
        var xen = machine.Hypervisor;
        using var connection = machine.Connect();
        var control = new HypercallsClient(connection);
        var (first, second) = (machine.Create(16), machine.Create(16));
        await control.Fault($"fail pause {second} 2 EIO", default);
        await control.Fault("fail create ENOMEM", default);
        Assert.Equal(2, (await control.Faults(default)).Length);
        xen.Pause(first);
        xen.Pause(second);
        Assert.Equal(LibC.EIO, Assert.Throws<HypervisorError>(() => xen.Pause(second)).Errno);
        xen.Pause(second);
        Assert.Equal(LibC.ENOMEM, Assert.Throws<HypervisorError>(() => machine.Create(16)).Errno);
        Assert.Equal(3, machine.Create(16));
        Assert.Empty(await control.Faults(default));

        await control.Fault("fail * * * EPERM", default);
        Assert.Equal(LibC.EPERM, Assert.Throws<HypervisorError>(() => xen.Machine()).Errno);
        Assert.Equal(LibC.EPERM, Assert.Throws<HypervisorError>(() => xen.Machine()).Errno);
        await control.ClearFaults(default);
        xen.Machine();
    }

    [Fact]
    public async Task A_call_that_hangs_goes_on_when_the_faults_are_cleared()
    {
        await using var machine = new SimulatedMachine();
        using var connection = machine.Connect();
        var control = new HypercallsClient(connection);
        await control.Fault("hang domains", default);
        var hanging = Task.Run(machine.Hypervisor.Domains);
        await Task.Delay(50);
        Assert.False(hanging.IsCompleted);
        machine.Hypervisor.Machine();
        await control.ClearFaults(default);
        Assert.Empty(await hanging);
    }

    [Fact]
    public async Task A_delayed_call_takes_longer_and_the_others_do_not_wait_for_it()
    {
        await using var machine = new SimulatedMachine();
        using var connection = machine.Connect();
        var (slow, other) = (machine.Create(16), machine.Create(16));
        await new HypercallsClient(connection).Fault($"delay pause {slow} 300", default);
        long began = TimeProvider.System.GetTimestamp();
        var pausing = Task.Run(() => machine.Hypervisor.Pause(slow));
        machine.Hypervisor.Pause(other);
        await pausing;
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromMilliseconds(290));
        Assert.All(machine.Hypervisor.Domains(), static d => Assert.True(d.Paused));
    }

    [Fact]
    public async Task Transactions_are_refused_as_often_as_asked_for_and_done_then()
    {
        await using var machine = new SimulatedMachine();
        using var connection = machine.Connect();
        await using var store = await Toolstack.Interop.Xen.Xenstore.XenstoreClient.ConnectAsync(machine.Hypervisor.XenstorePath, null, default);
        await new HypercallsClient(connection).Fault("xenstore-eagain 3", default);
        int tries = 0;
        await store.TransactionAsync(
            transaction =>
            {
                transaction.Write("/a", $"{++tries}");
                return Task.CompletedTask;
            },
            default);
        Assert.Equal((4, "4"), (tries, await store.ReadAsync("/a", default)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fail")]
    [InlineData("fail pause EWHAT")]
    [InlineData("delay pause x")]
    [InlineData("guest-hang x")]
    public async Task A_text_that_is_no_fault_is_refused(string text)
    {
        await using var machine = new SimulatedMachine();
        using var connection = machine.Connect();
        var error = await Assert.ThrowsAsync<HypercallError>(() => new HypercallsClient(connection).Fault(text, default));
        Assert.Equal(LibC.EINVAL, Assert.IsType<HypercallErrorValue.Errno>(error.Value).number);
    }

    [Fact]
    public async Task Garbage_ends_its_own_connection_only()
    {
        await using var machine = new SimulatedMachine();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(machine.HypervisorPath));
        var tooLong = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(tooLong, HypercallLimits.MaxFrame + 1);
        socket.Send(tooLong);
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));

        using var connection = machine.Connect();
        var reply = await connection.CallAsync(new byte[] { 0xc1, 0, 1 }, false, default);
        Assert.False(reply.IsEmpty);
        Assert.Empty(await new HypercallsClient(connection).Domains(default));
    }

    [Fact]
    public async Task A_host_that_is_not_there_is_an_error_and_one_that_comes_back_is_used_again()
    {
        var nowhere = new SimulatedHypervisor("/nonexistent/hypervisor");
        Assert.Equal(LibC.ECONNREFUSED, Assert.Throws<HypervisorError>(() => nowhere.Machine()).Errno);

        await using var machine = new SimulatedMachine();
        machine.Create(16);
        Assert.Single(machine.Hypervisor.Domains());
        await machine.RestartAsync();
        Assert.Empty(machine.Hypervisor.Domains());
        Assert.Equal(1, machine.Create(16));
    }

    [Fact]
    public async Task A_call_is_not_waited_for_for_ever()
    {
        await using var machine = new SimulatedMachine();
        using var connection = machine.Connect();
        var control = new HypercallsClient(connection);
        await control.Fault("hang machine", default);
        using var patient = machine.Connect();
        patient.Deadline = TimeSpan.FromMilliseconds(50);
        var error = await Assert.ThrowsAsync<HypervisorError>(() => new HypercallsClient(patient).Machine(default));
        Assert.Equal(LibC.ETIMEDOUT, error.Errno);
        Assert.False(patient.Usable);
    }
}

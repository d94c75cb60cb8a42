using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Calls between the hosts of a pool.</summary>
public class MemberTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AMembersUnixSocketPassesCallsOnToTheCoordinator()
    {
        await using XapiServer coordinator = await XapiServer.StartAsync();
        await using XapiServer member = await XapiServer.StartAsync(master: coordinator);
        Value session = await coordinator.LoginAsync();
        await coordinator.Database.Create(new VM { uuid = "1", name_label = "the coordinator's" });
        Assert.Single((await member.CallAsync(unix: true, "VM.get_by_name_label", session, new Value.Text("the coordinator's"))).AsArray());
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(
            () => member.CallAsync(unix: true, "VM.get_by_uuid", session, new Value.Text("2")));
        Assert.Equal("UUID_INVALID", error.Code);
    }

    [Fact]
    public async Task CallsToAnotherHostRenewAForgottenSession()
    {
        await using XapiServer other = await XapiServer.StartAsync();
        using XenApiClient client = ClientOf(other);
        Value first = await client.CallAsync("127.0.0.1", "VM.get_all", [], null, Deadline, CancellationToken.None);
        Assert.Empty(first.AsArray());
        foreach ((Ref<session> self, _) in await other.Database.GetAll<session>())
        {
            await other.Database.Destroy(self);
        }

        await other.Database.Create(new VM { uuid = "1" });
        Value second = await client.CallAsync("127.0.0.1", "VM.get_all", [], null, Deadline, CancellationToken.None);
        Assert.Single(second.AsArray());
    }

    [Fact]
    public async Task AHostThatDoesNotAnswerCannotBeContacted()
    {
        XenApiClient client;
        await using (XapiServer gone = await XapiServer.StartAsync())
        {
            client = ClientOf(gone);
        }

        using (client)
        {
            XenApiError error = await Assert.ThrowsAsync<XenApiError>(
                () => client.CallAsync("127.0.0.1", "VM.get_all", [], null, Deadline, CancellationToken.None));
            Assert.Equal(("CANNOT_CONTACT_HOST", "127.0.0.1", true), (error.Code, error.Parameters[0], error.NeverSent));
        }
    }

    /// <summary>It lets the caller in and is gone once it has been told what to do.</summary>
    [Fact]
    public async Task AHostThatIsLostBeforeItAnswersMayHaveDoneWhatItWasTold()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task<string> host = LoseAfterLoginAsync(listener);
        using XenApiClient client = new(new HostIdentity
        {
            Uuid = "caller", Address = "127.0.0.1", HttpPort = ((IPEndPoint)listener.LocalEndpoint).Port, IsCoordinator = true,
            CoordinatorAddress = "127.0.0.1", PoolSecret = "s",
        });
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(
            () => client.CallAsync("127.0.0.1", "VM.start", [], null, Deadline, CancellationToken.None));
        Assert.Equal(("CANNOT_CONTACT_HOST", false), (error.Code, error.NeverSent));
        Assert.Contains("VM.start", await host, StringComparison.Ordinal);
    }

    /// <summary>Answers one request; reads the next and hangs up. Returns that.</summary>
    private static async Task<string> LoseAfterLoginAsync(TcpListener listener)
    {
        using Socket socket = await listener.AcceptSocketAsync();
        await ReadAsync("slave_login");
        const string Answer = "<methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member>"
            + "<member><name>Value</name><value>OpaqueRef:session</value></member></struct></value></param></params></methodResponse>";
        await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {Answer.Length}\r\n\r\n{Answer}"));
        return await ReadAsync("VM.start");

        async Task<string> ReadAsync(string method)
        {
            StringBuilder text = new();
            byte[] buffer = new byte[4096];
            while (!text.ToString().Contains(method, StringComparison.Ordinal) || !text.ToString().EndsWith("</methodCall>", StringComparison.Ordinal))
            {
                int read = await socket.ReceiveAsync(buffer);
                Assert.NotEqual(0, read);
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }

            return text.ToString();
        }
    }

    [Fact]
    public async Task ACancellationThatOvertakesItsForwardedCallIsNotLost()
    {
        var vm = new WaitingVm();
        await using XapiServer member = await XapiServer.StartAsync(more: new Dictionary<string, object> { ["VM"] = vm });
        using XenApiClient client = ClientOf(member);
        Ref<task> self = await member.Database.Create(new task { uuid = "t", status = task_status_type.pending });

        await client.CallAsync("127.0.0.1", "task.cancel", [new Value.Text(self.ToString())], null, Deadline, CancellationToken.None);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(
            () => client.CallAsync("127.0.0.1", "VM.suspend", [new Value.Text("OpaqueRef:v")], self, Deadline, CancellationToken.None));
        Assert.Equal(("TASK_CANCELLED", self.ToString()), (error.Code, error.Parameters[0]));

        // Whoever forwarded the call completes its task.
        Assert.Equal(task_status_type.pending, (await member.Database.Get(self)).status);
    }

    [Fact]
    public async Task ACallUnderWayOnAnotherHostIsCancelledThere()
    {
        var vm = new WaitingVm();
        await using XapiServer member = await XapiServer.StartAsync(more: new Dictionary<string, object> { ["VM"] = vm });
        using XenApiClient client = ClientOf(member);
        Ref<task> self = await member.Database.Create(new task { uuid = "t", status = task_status_type.pending });
        Task<Value> running = client.CallAsync("127.0.0.1", "VM.suspend", [new Value.Text("OpaqueRef:v")], self, Deadline, CancellationToken.None);
        await vm.Suspending.Task.WaitAsync(Deadline);

        await client.CallAsync("127.0.0.1", "task.cancel", [new Value.Text(self.ToString())], null, Deadline, CancellationToken.None);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => running);
        Assert.Equal("TASK_CANCELLED", error.Code);
    }

    private static XenApiClient ClientOf(XapiServer server) => new(new HostIdentity
    {
        Uuid = "other",
        Localhost = new Ref<host>("OpaqueRef:other"),
        Address = "127.0.0.1",
        HttpPort = server.Tcp.Port,
        IsCoordinator = true,
        CoordinatorAddress = "127.0.0.1",
        PoolSecret = "pool-secret",
    });

    private sealed class WaitingVm : VMMessages
    {
        public TaskCompletionSource Suspending { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override Task suspend(Call call, Ref<VM> vm)
        {
            Suspending.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, call.Cancellation);
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Events;
using Toolstack.Xapi.Hosts;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Http.Tls;
using Toolstack.Xapi.Membership;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;
using Toolstack.Xapi.ThinCli;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>xapi's HTTP side in this process, with a database in memory, on a free port and a Unix socket of its own.</summary>
internal sealed class XapiServer : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly string directory = Directory.CreateTempSubdirectory("xapi-").FullName;
    private readonly XenApiClient client;
    private readonly HttpServer server;
    private readonly ThinCliServer thinClients;
    private readonly SwitchConnection connection = new(new SwitchOptions("/nonexistent", "test"), NullLogger.Instance);

    private XapiServer(bool coordinator, IReadOnlyDictionary<string, object> more, XapiServer? master, bool tls)
    {
        Certificate = new ServerCertificate(CertificatePath, "127.0.0.1");
        if (tls)
        {
            Certificate.Ensure();
        }

        File.WriteAllText(PasswordPath, "root:" + PasswordHash.Create("secret") + "\n");
        var identity = new HostIdentity
        {
            Uuid = Guid.NewGuid().ToString(),
            Address = "127.0.0.1",
            HttpPort = master?.Tcp.Port ?? 1,
            IsCoordinator = coordinator,
            CoordinatorAddress = master is null ? "192.0.2.7" : "127.0.0.1",
            PoolSecret = "pool-secret",
        };
        Database = LocalDatabase.InMemory(Datamodel.Classes);
        client = new XenApiClient(identity);
        Services = new XapiServices
        {
            Configuration = Configuration.Parse(
                "test", [$"server-cert-path = {CertificatePath}", $"xen-cmdline-script = {XenCommandLine}", $"blob-directory = {directory}"], Settings.All),
            Logs = NullLoggerFactory.Instance,
            Stopping = stopping.Token,
            Identity = identity,
            Database = Database,
            ChangeLog = coordinator ? Database : null,
            Notices = new NoticeStore(Path.Combine(directory, "messages"), Database.Wake, NullLogger.Instance),
            Client = client,
            Sessions = new SessionService(Database, identity, new PasswordFile(PasswordPath), NullLogger.Instance),
            Tasks = new TaskService(Database, identity),
            Switch = connection,
            Scripts = new ScriptRunner(PluginDirectory, directory),
        };
        NoticeStore notices = Services.Notices!;
        var blobs = new BlobStore(Path.Combine(directory, "blobs"));
        var backup = new DatabaseBackup(Services, NullLogger.Instance);
        Dictionary<string, object> implementations = new(more)
        {
            ["session"] = new SessionMessages(Services.Sessions),
            ["task"] = new TaskMessages(),
            ["message"] = new MessageMessages(notices, Database),
            ["event"] = new EventMessages(Database, new EventFeed(Database, Datamodel.Classes, notices), new EventRegistrations(Database, Datamodel.Classes)),
            ["blob"] = new BlobMessages(blobs),
            ["host"] = new HostMessages(
                Services, new HostLiveness(Database, identity, TimeSpan.FromMinutes(10), TimeProvider.System, NullLogger.Instance), Services.Scripts,
                new HostPolicies(Services), new LocalState(Path.Combine(directory, "local.db")))
            {
                Backup = backup, Change = new CoordinatorChange(Services, backup, NullLogger.Instance),
            },
        };
        MessageImplementations.AddPlain(implementations);
        Services.Routes.Add("GET", BlobEndpoint.Path, new BlobEndpoint(Services, blobs).GetAsync);
        Services.Routes.Add("PUT", BlobEndpoint.Path, new BlobEndpoint(Services, blobs).PutAsync);
        Dispatcher = XapiRoutes.Add(Services, implementations, Database);
        thinClients = new ThinCliServer(Services, Dispatcher, NullLogger.Instance);
        var handOver = new HandOver(HandOverPath, Services.Sessions.IsValidAsync, NullLogger.Instance, stopping.Token);
        server = new HttpServer(
            new HttpEndpoints(UnixPath, tls
                ? [new IPEndPoint(IPAddress.Loopback, 0), new TlsEndPoint(IPAddress.Loopback, 0, Certificate)]
                : [new IPEndPoint(IPAddress.Loopback, 0)], 1024 * 1024), Services, handOver, thinClients, NullLogger.Instance);
    }

    internal Dispatcher Dispatcher { get; }

    public XapiServices Services { get; }

    public LocalDatabase Database { get; }

    public ServerCertificate Certificate { get; }

    public string CertificatePath => Path.Combine(directory, "server.pem");

    /// <summary>The address of the TLS listener: the second of the two on loopback.</summary>
    public IPEndPoint Tls => new(IPAddress.Loopback, server.Addresses.Select(a => new Uri(a)).Last(u => u.Host == "127.0.0.1").Port);

    public string PluginDirectory => Path.Combine(directory, "plugins");

    /// <summary>What reads and writes the options that Xen boots with.</summary>
    public string XenCommandLine => Path.Combine(directory, "xen-cmdline");

    public string UnixPath => Path.Combine(directory, "xapi");

    public string HandOverPath => Path.Combine(directory, "forwarded");

    public IPEndPoint Tcp => new(IPAddress.Loopback, new Uri(server.Addresses.First(a => a.StartsWith("http://127", StringComparison.Ordinal))).Port);

    private string PasswordPath => Path.Combine(directory, "passwords");

    /// <summary>A coordinator, or a member: of nobody, or of the pool whose coordinator is <paramref name="master"/>, whose port it calls.</summary>
    public static async Task<XapiServer> StartAsync(
        bool coordinator = true, IReadOnlyDictionary<string, object>? more = null, XapiServer? master = null, bool tls = false)
    {
        var result = new XapiServer(coordinator && master is null, more ?? new Dictionary<string, object>(), master, tls);
        await result.server.StartAsync(CancellationToken.None);
        return result;
    }

    /// <summary>Connects over TCP, or over the Unix socket.</summary>
    public async Task<Socket> ConnectAsync(bool unix = false)
    {
        EndPoint endpoint = unix ? new UnixDomainSocketEndPoint(UnixPath) : Tcp;
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await socket.ConnectAsync(endpoint);
        return socket;
    }

    /// <summary>Posts a document and returns status line with headers, and body.</summary>
    public async Task<(string Head, string Body)> PostAsync(string body, bool unix = false, string path = "/")
    {
        using Socket socket = await ConnectAsync(unix);
        return await PostAsync(socket, body, path);
    }

    public static async Task<(string Head, string Body)> PostAsync(Socket socket, string body, string path = "/")
    {
        await socket.SendAsync(Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        return await ReadAsync(socket);
    }

    /// <summary>Reads one answer of stated length; an answer cut short raises EndOfStreamException.</summary>
    public static Task<(string Head, string Body)> ReadAsync(Socket socket) => ReadAsync((buffer, cancel) => socket.ReceiveAsync(buffer, cancel));

    /// <summary>Waits until the server has ended a connection: in order, or at once, which its peer sees as a reset. One more byte from it fails.</summary>
    public static async Task EndsAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            Assert.Equal(0, await socket.ReceiveAsync(new byte[1], limit.Token));
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }

    public static async Task<(string Head, string Body)> ReadAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> receive)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        List<byte> bytes = [];
        byte[] one = new byte[65536];
        while (true)
        {
            string text = Encoding.UTF8.GetString([.. bytes]);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                string head = text[..end];
                if (head.Contains("\r\ntransfer-encoding: chunked", StringComparison.OrdinalIgnoreCase))
                {
                    if (Unchunked([.. bytes[Encoding.UTF8.GetByteCount(text[..(end + 4)])..]]) is { } whole)
                    {
                        return (head, Encoding.UTF8.GetString(whole));
                    }

                    bytes.AddRange(await MoreAsync(receive, one, text, limit.Token));
                    continue;
                }

                string? length = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
                int wanted = length is null ? 0 : int.Parse(length.Split(':')[1]);
                if (bytes.Count - (end + 4) >= wanted)
                {
                    return (head, text[(end + 4)..]);
                }
            }

            bytes.AddRange(await MoreAsync(receive, one, text, limit.Token));
        }
    }

    private static async Task<byte[]> MoreAsync(Func<Memory<byte>, CancellationToken, ValueTask<int>> receive, byte[] buffer, string sofar, CancellationToken cancel)
    {
        int read = await receive(buffer, cancel);
        return read > 0 ? buffer[..read] : throw new EndOfStreamException(sofar);
    }

    /// <summary>What the chunks hold; null when the last is not there yet.</summary>
    private static byte[]? Unchunked(ReadOnlySpan<byte> bytes)
    {
        using var whole = new MemoryStream();
        while (bytes.IndexOf("\r\n"u8) is > 0 and int line)
        {
            int size = Convert.ToInt32(Encoding.ASCII.GetString(bytes[..line]), 16);
            if (size == 0)
            {
                return whole.ToArray();
            }

            if (bytes.Length < line + 2 + size + 2)
            {
                return null;
            }

            whole.Write(bytes.Slice(line + 2, size));
            bytes = bytes[(line + 4 + size)..];
        }

        return null;
    }

    /// <summary>Calls a message and returns its result; raises what it raised.</summary>
    public Task<Value> CallAsync(string method, params Value[] arguments) => CallAsync(unix: false, method, arguments);

    public async Task<Value> CallAsync(bool unix, string method, params Value[] arguments)
    {
        var call = new System.Buffers.ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(call, method, arguments);
        (_, string body) = await PostAsync(Encoding.UTF8.GetString(call.WrittenSpan), unix);
        return XmlRpcEnvelope.ParseResponse(Encoding.UTF8.GetBytes(body));
    }

    public async Task<Value> LoginAsync() => await CallAsync("session.login_with_password", new Value.Text("root"), new Value.Text("secret"));

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await server.StopAsync(patience.Token);
        await server.DisposeAsync();
        thinClients.Dispose();
        if (File.Exists(UnixPath))
        {
            throw new InvalidOperationException("the server left its Unix socket behind");
        }

        client.Dispose();
        await connection.DisposeAsync();
        await Database.DisposeAsync();
        Directory.Delete(directory, recursive: true);
        stopping.Dispose();
    }
}

using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What a service manager may rely on: sockets it made are taken over, and the directory a daemon is started in means nothing.</summary>
public sealed partial class ServiceManagerTests : DeadlineTests
{
    private const uint OpenedOrRead = 0x20 | 0x1; // IN_OPEN, IN_ACCESS
    private const int NonBlocking = 0x800;

    private static readonly string[] Daemons = ["message-switch", "xen-simulator", "xenopsd", "xapi"];

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("toolstack-sm-");

    /// <summary>Clients that connect before the daemon runs are served once it does, and its end takes neither socket nor path away.</summary>
    [Theory]
    [InlineData("message-switch", "GET /version HTTP/1.1\r\n\r\n")]
    [InlineData("xapi", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    public async Task AClientMayComeBeforeTheDaemon(string daemon, string request)
    {
        var path = In("activated");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var early = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await early.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancel);
        await early.SendAsync(Encoding.ASCII.GetBytes(request), Cancel);
        using (var process = Start(daemon, "/", listener))
        {
            var buffer = new byte[12];
            Assert.Equal("HTTP/1.1 ", Encoding.ASCII.GetString(buffer, 0, await early.ReceiveAsync(buffer, SocketFlags.None, Cancel))[..9]);
            Assert.False(File.Exists(In(daemon + ".sock")), "the configured path is not used beside the socket that was handed over");
            await StopAsync(process);
        }

        Assert.True(File.Exists(path));
        using var late = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await late.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancel);
    }

    [Fact]
    public async Task NoDaemonReadsItsWorkingDirectory()
    {
        var place = directory.CreateSubdirectory("cwd");

        // What a daemon that looked here would take.
        foreach (var bait in Daemons.Select(static name => name + ".conf").Concat(["xapi.db", "state.db", "libsqlite3.so.0", "libzstd.so.1", "libpam.so.0", "appsettings.json", "libsqlite3"]))
        {
            await File.WriteAllTextAsync(Path.Combine(place.FullName, bait), "bait", Cancel);
        }

        using var watch = new SafeInotify();
        Assert.True(watch.Add(place.FullName, OpenedOrRead) >= 0);
        _ = Directory.GetFiles(place.FullName);
        Assert.NotEqual(0, watch.Read()); // the watch sees a look at the directory
        var running = new List<Process>();
        try
        {
            foreach (var daemon in Daemons)
            {
                running.Add(Start(daemon, place.FullName, null));
                await ReadyAsync(daemon);
            }

            foreach (var process in running)
            {
                await StopAsync(process);
            }
        }
        finally
        {
            running.ForEach(static process => process.Dispose());
        }

        Assert.Equal(0, watch.Read());
        Assert.Equal(11, place.GetFiles().Length);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        directory.Delete(recursive: true);
    }

    private string In(string name) => Path.Combine(directory.FullName, name);

    /// <summary>Starts a daemon as a service manager does; the shell in between becomes it, so that LISTEN_PID is its own.</summary>
    private Process Start(string daemon, string workingDirectory, Socket? listener)
    {
        File.WriteAllLines(In(daemon + ".conf"), daemon switch
        {
            "message-switch" => [$"switch-path = {In("message-switch.sock")}"],
            "xen-simulator" => [$"hypervisor-path = {In("hypervisor.sock")}", $"xenstore-path = {In("xenstore.sock")}"],
            "xenopsd" =>
            [
                $"switch-path = {In("message-switch.sock")}", $"database-path = {In("xenopsd")}", $"handover-path = {In("forwarded.sock")}",
                "backend = simulator", $"simulator-path = {In("hypervisor.sock")}",
            ],
            _ =>
            [
                $"unix-socket = {In("xapi.sock")}", "listen-address =", "listen-loopback = false", "https-port = 0", $"database-path = {In("state.db")}",
                $"audit-log = {In("audit.log")}", $"blob-directory = {In("blobs")}", $"pool-role-file = {In("pool.conf")}",
                $"pool-secret-file = {In("ptoken")}", $"inventory = {In("inventory")}", $"switch-path = {In("message-switch.sock")}",
                $"xenopsd-forwarded-path = {In("forwarded.sock")}", "management-address = 127.0.0.1",
            ],
        });
        File.WriteAllLines(In("inventory"), [$"INSTALLATION_UUID='{Guid.NewGuid()}'", $"CONTROL_DOMAIN_UUID='{Guid.NewGuid()}'"]);
        File.WriteAllText(In("pool.conf"), "master");
        File.WriteAllText(In("ptoken"), Guid.NewGuid().ToString());
        var handed = listener is null ? "" : $"exec 3<&{listener.Handle}; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={daemon}; ";
        var info = new ProcessStartInfo("bash", ["-c", handed + "exec setpriv --pdeathsig KILL -- \"$@\" 2>>\"$0\" </dev/null", In(daemon + ".log"), Path.Combine(Repository.Binaries, daemon), "--config", In(daemon + ".conf")])
        {
            WorkingDirectory = workingDirectory,
        };
        if (listener is null)
        {
            return Process.Start(info)!;
        }

        // Inherited by the shell only: no other test starts a process between the two calls that keeps it for long.
        Assert.Equal(0, Fcntl((int)listener.Handle, 2, 0));
        try
        {
            return Process.Start(info)!;
        }
        finally
        {
            Assert.Equal(0, Fcntl((int)listener.Handle, 2, 1));
        }
    }

    private async Task ReadyAsync(string daemon)
    {
        while (!File.Exists(In(daemon + ".log")) || !(await File.ReadAllTextAsync(In(daemon + ".log"), Cancel)).Contains("[2] ready", StringComparison.Ordinal))
        {
            await Task.Delay(50, Cancel);
        }
    }

    private async Task StopAsync(Process process)
    {
        Assert.Equal(0, Kill(process.Id, 15));
        await process.WaitForExitAsync(Cancel);
        Assert.Equal(0, process.ExitCode);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Fcntl(int descriptor, int command, int argument);

    /// <summary>The kernel's reports of what happens in a directory (inotify).</summary>
    private sealed partial class SafeInotify : IDisposable
    {
        private readonly Microsoft.Win32.SafeHandles.SafeFileHandle handle = new(Init(NonBlocking), ownsHandle: true);

        public void Dispose() => handle.Dispose();

        internal int Add(string path, uint mask) => AddWatch((int)handle.DangerousGetHandle(), path, mask);

        /// <summary>Bytes of reports since the last call; 0 for none.</summary>
        internal int Read()
        {
            var buffer = new byte[64 * 1024];
            var length = (int)Read((int)handle.DangerousGetHandle(), buffer, buffer.Length);
            return Math.Max(0, length);
        }

        [LibraryImport("libc", EntryPoint = "inotify_init1")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static partial int Init(int flags);

        [LibraryImport("libc", EntryPoint = "inotify_add_watch", StringMarshalling = StringMarshalling.Utf8)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static partial int AddWatch(int descriptor, string path, uint mask);

        [LibraryImport("libc", EntryPoint = "read")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static partial nint Read(int descriptor, byte[] buffer, nint length);
    }
}

using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Toolstack.Idl;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// Takes over the connections of migrations from xapi: on a Unix socket, one message each, the record of the request with the
/// connection's descriptor attached. Nothing is answered on the connection itself but handshakes.
/// </summary>
public sealed class HandOverListener(string path, MigrationReceiver receiver, Action<string, Operation> queue, ILogger logger) : IDisposable
{
    private const int Backlog = 64;
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan AcceptRetry = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim places = new(MigrationLimits.MaxHandOvers);
    private Socket? listener;

    /// <summary>Binds the socket, replacing a stale one. Raises SocketException or IOException.</summary>
    public void Start()
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
        {
            Directory.CreateDirectory(directory);
        }

        File.Delete(path);
        listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, SocketMode);
        listener.Listen(Backlog);
    }

    /// <summary>Accepts until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var socket = listener ?? throw new InvalidOperationException("not started");
        while (true)
        {
            await places.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                var connection = await socket.AcceptAsync(cancel).ConfigureAwait(false);
                _ = Task.Run(() => TakeAsync(connection, cancel), CancellationToken.None);
            }
            catch (SocketException error)
            {
                places.Release();
                Log.HandOverFailed(logger, error.Message);
                await Task.Delay(AcceptRetry, cancel).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        if (listener is not null)
        {
            listener.Dispose();
            File.Delete(path);
        }

        places.Dispose();
    }

    private async Task TakeAsync(Socket connection, CancellationToken cancel)
    {
        var descriptors = new List<SafeFileHandle>();
        try
        {
            using (connection)
            {
                var record = await ReadAsync(connection, descriptors, cancel).ConfigureAwait(false);
                if (record?.Target is not { } target || descriptors is not [var descriptor])
                {
                    Log.HandOverRefused(logger, record is null ? "no request came" : $"{record.Path} with {descriptors.Count} descriptors");
                    connection.Send(Encoding.ASCII.GetBytes("HTTP/1.1 404 Not Found\r\nUser-agent: xenopsd\r\nContent-Length: 0\r\n\r\n"));
                    return;
                }

                descriptors.Clear();
                await RouteAsync(target.Kind, target.Id, record, new MigrationConnection(ToSocket(descriptor)), cancel).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error) || error is ValueFormatException)
        {
            Log.HandOverRefused(logger, error.Message);
        }
        finally
        {
            descriptors.ForEach(static d => d.Dispose());
            places.Release();
        }
    }

    /// <summary>Raises XenopsError and closes the connection when nobody wants it.</summary>
    private async Task RouteAsync(string kind, string id, HandOverRecord record, MigrationConnection data, CancellationToken cancel)
    {
        try
        {
            switch (kind)
            {
                case "vm" or "memory":
                    queue(record.Cookies.GetValueOrDefault(MigrationCookies.DebugInfo, "migration"),
                        new Operation.VM_receive_memory(id, MigrationArrival.Of(id, record), data));
                    return;
                case "mem":
                    await receiver.OfferMemoryAsync(id, data, cancel).ConfigureAwait(false);
                    return;
                case "vgpu" or "migrate-vgpu":
                    await receiver.OfferVgpusAsync(VmOf(id, record), data, cancel).ConfigureAwait(false);
                    return;
                case "outcome":
                    using (data)
                    {
                        await receiver.AnswerAsync(id, record.Cookies.GetValueOrDefault(MigrationCookies.Token, ""), data, cancel).ConfigureAwait(false);
                    }

                    return;
                default:
                    throw new XenopsError(new XenopsErrorValue.Unimplemented($"{record.Path}: migration of this kind"));
            }
        }
        catch (XenopsError error)
        {
            using (data)
            {
                await Handshake.SendErrorAsync(data.Bytes, error.Value, cancel).ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>The temporary id in front of the device's name. Raises Unimplemented for a source of another protocol.</summary>
    private static string VmOf(string vgpu, HandOverRecord record) =>
        record.Cookies.ContainsKey(MigrationCookies.VgpuMigration) && vgpu.LastIndexOf('.') is var end and > 0
            ? vgpu[..end]
            : throw new XenopsError(new XenopsErrorValue.Unimplemented($"{record.Path}: graphics cards without the cookie {MigrationCookies.VgpuMigration}"));

    /// <summary>The record with its descriptor; null when the peer sends none in time.</summary>
    private static async Task<HandOverRecord?> ReadAsync(Socket connection, List<SafeFileHandle> descriptors, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(MigrationLimits.HandOver);
        byte[] buffer = new byte[MigrationLimits.MaxHandOver];
        int filled = 0;
        while (filled < buffer.Length)
        {
            await connection.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, deadline.Token).ConfigureAwait(false);
            int read = UnixRights.Receive(connection, buffer.AsSpan(filled), descriptors);
            filled += read;
            if (read == 0)
            {
                return null;
            }

            try
            {
                return HandOverRecord.Parse(buffer.AsSpan(0, filled));
            }
            catch (WireFormatException)
            {
                // Not whole yet, or never: the deadline and the buffer decide.
            }
        }

        return null;
    }

    private static Socket ToSocket(SafeFileHandle descriptor)
    {
        // The number passes from one owner to the other: the file handle gives it up without closing it.
        var handle = new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: true);
        descriptor.SetHandleAsInvalid();
        var socket = new Socket(handle);
        if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
        {
            RemoteConnection.KeepAlive(socket);
        }

        return socket;
    }
}

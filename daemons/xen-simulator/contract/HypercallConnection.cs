using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Idl;
using Toolstack.Interop.Linux;

namespace Toolstack.XenSimulator.Contract;

/// <summary>
/// A client's end of one connection: one call at a time, made on the caller's thread, so the task it returns is always completed.
/// Raises <see cref="HypervisorError"/> when the simulator is not there, goes away (ENOTCONN) or does not answer in time (ETIMEDOUT);
/// the connection is useless after that.
/// </summary>
public sealed class HypercallConnection : IQueueTransport, IDisposable
{
    private readonly Socket socket;
    private readonly List<SafeFileHandle> descriptors = [];
    private readonly byte[] header = new byte[HypercallFrame.HeaderBytes];

    private HypercallConnection(Socket socket)
    {
        this.socket = socket;
    }

    /// <summary>Longest wait for the answer to the next calls.</summary>
    public TimeSpan Deadline { get; set; } = HypercallLimits.CallDeadline;

    /// <summary>False once a call could not be finished.</summary>
    public bool Usable { get; private set; } = true;

    public static HypercallConnection Open(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new HypercallConnection(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw new HypervisorError($"connect to the simulated host at {path}", LibC.ECONNREFUSED);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            UnixRights.Send(socket, HypercallFrame.Write(request.Span), []);
            var until = Environment.TickCount64 + (long)Deadline.TotalMilliseconds;
            Fill(header, until);
            var body = new byte[HypercallFrame.ReadLength(header)];
            Fill(body, until);
            return new(body);
        }
        catch (Exception error) when (error is SocketException or InvalidDataException or HypervisorError)
        {
            Usable = false;
            throw error is HypervisorError timedOut && timedOut.Errno == LibC.ETIMEDOUT
                ? timedOut
                : new HypervisorError($"hypercall ({error.Message})", LibC.ENOTCONN);
        }
    }

    /// <summary>The descriptor that came with the last reply; the caller owns it.</summary>
    public SafeFileHandle TakeDescriptor()
    {
        if (descriptors.Count != 1)
        {
            throw new HypervisorError($"reply with {descriptors.Count} descriptors", LibC.EPROTO);
        }

        var descriptor = descriptors[0];
        descriptors.Clear();
        return descriptor;
    }

    public void Dispose()
    {
        socket.Dispose();
        descriptors.ForEach(d => d.Dispose());
    }

    private void Fill(Span<byte> target, long until)
    {
        while (!target.IsEmpty)
        {
            var wait = TimeSpan.FromMilliseconds(Math.Max(0, until - Environment.TickCount64));
            if (!socket.Poll(wait, SelectMode.SelectRead))
            {
                throw new HypervisorError("hypercall", LibC.ETIMEDOUT);
            }

            var count = UnixRights.Receive(socket, target, descriptors);
            if (count == 0)
            {
                throw new HypervisorError("hypercall", LibC.ENOTCONN);
            }

            target = target[count..];
        }
    }
}

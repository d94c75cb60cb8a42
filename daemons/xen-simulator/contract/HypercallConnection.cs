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
    private readonly byte[] room = new byte[HypercallFrame.UsualBytes];
    private TimeSpan deadline;

    private HypercallConnection(Socket socket)
    {
        this.socket = socket;
        Deadline = HypercallLimits.CallDeadline;
    }

    /// <summary>Longest wait for the answer to the next calls.</summary>
    public TimeSpan Deadline
    {
        get => deadline;
        set
        {
            if (value != deadline)
            {
                deadline = value;
                UnixRights.SetReceiveTime(socket, value);
            }
        }
    }

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
            return new(Receive(Environment.TickCount64 + (long)Deadline.TotalMilliseconds));
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

    /// <summary>The thread waits in the kernel: an answer is one system call.</summary>
    private byte[] Receive(long until)
    {
        var body = HypercallFrame.Read(
            room,
            target => UnixRights.ReceiveInTime(socket, target, descriptors) is { } count && Environment.TickCount64 <= until
                ? count
                : throw new HypervisorError("hypercall", LibC.ETIMEDOUT));
        return body ?? throw new HypervisorError("hypercall", LibC.ENOTCONN);
    }
}

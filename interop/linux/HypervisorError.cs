using System.ComponentModel;
using Tmds.Linux;

namespace Toolstack.Interop.Linux;

/// <summary>
/// A system call or hypercall that failed: the operation's name and the kernel's (or Xen's) errno.
/// It is an <see cref="IOException"/> so that loops that own a connection classify it with the other losses of a peer.
/// </summary>
public sealed class HypervisorError : IOException
{
    public HypervisorError(string operation, int errno)
        : base($"{operation}: {new Win32Exception(errno).Message} (errno {errno})")
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>Name of the call, for example <c>memfd_create</c>.</summary>
    public string Operation { get; }

    /// <summary>Positive errno value.</summary>
    public int Errno { get; }

    /// <summary>The error of the call that has just failed on this thread.</summary>
    internal static HypervisorError Last(string operation) => new(operation, LibC.errno);
}

using System.Globalization;
using System.Net.Sockets;
using Tmds.Linux;

namespace Toolstack.Hosting;

/// <summary>Listening sockets that the service manager made before it started the daemon (socket activation: LISTEN_PID, LISTEN_FDS,
/// LISTEN_FDNAMES; descriptors from 3 on), so that a client that comes early waits instead of failing. Each can be taken once.</summary>
internal sealed class ActivatedSockets : IDisposable
{
    private const int FirstDescriptor = 3;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Socket> sockets = new(StringComparer.Ordinal);

    /// <summary>Takes what was handed over, once in the life of a process: programs it starts get neither the descriptors nor the variables.</summary>
    internal static ActivatedSockets OfThisProcess()
    {
        var names = Names(
            Environment.GetEnvironmentVariable("LISTEN_PID"), Environment.GetEnvironmentVariable("LISTEN_FDS"),
            Environment.GetEnvironmentVariable("LISTEN_FDNAMES"), Environment.ProcessId);
        foreach (var variable in (string[])["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        var result = new ActivatedSockets();
        for (var index = 0; index < names.Count; index++)
        {
            result.Add(names[index], FirstDescriptor + index);
        }

        return result;
    }

    /// <summary>The names of the descriptors from 3 on; none when they are meant for another process. One without a name is called "unknown".</summary>
    internal static IReadOnlyList<string> Names(string? pid, string? count, string? names, int ownPid)
    {
        if (pid != ownPid.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > HostingLimits.MaxHandedSockets)
        {
            return [];
        }

        var given = string.IsNullOrEmpty(names) ? [] : names.Split(':');
        return [.. Enumerable.Range(0, number).Select(index => index < given.Length ? given[index] : "unknown")];
    }

    /// <summary>The listening socket of that name, which is the caller's from now on; null when none was handed over.</summary>
    internal Socket? Take(string name)
    {
        lock (gate)
        {
            return sockets.Remove(name, out var socket) ? socket : null;
        }
    }

    /// <summary>Closes what nobody took.</summary>
    public void Dispose()
    {
        foreach (var socket in sockets.Values)
        {
            socket.Dispose();
        }
    }

    private void Add(string name, int descriptor)
    {
        var handle = new SafeSocketHandle(descriptor, ownsHandle: true);
        _ = LibC.fcntl(descriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        var socket = new Socket(handle);
        if (!sockets.TryAdd(name, socket))
        {
            socket.Dispose();
        }
    }
}

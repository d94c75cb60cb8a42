using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi;

/// <summary>The object graph of the daemon, built once by the start in the order of the properties.</summary>
public sealed class XapiServices
{
    private XenApiError? emergency;
    private bool httpsOnly;

    public required Configuration Configuration { get; init; }

    public required ILoggerFactory Logs { get; init; }

    /// <summary>Cancelled when the daemon is to stop.</summary>
    public required CancellationToken Stopping { get; init; }

    public required HostIdentity Identity { get; init; }

    public required XapiDatabase Database { get; init; }

    /// <summary>Null on members.</summary>
    public IChangeLog? ChangeLog { get; init; }

    /// <summary>The objects of class message. Null on members.</summary>
    internal NoticeStore? Notices { get; init; }

    /// <summary>Calls to the other hosts of the pool.</summary>
    public required XenApiClient Client { get; init; }

    /// <summary>Logins, and whether a session is one.</summary>
    public required SessionService Sessions { get; init; }

    /// <summary>The tasks that run in this process, and the rows of all tasks.</summary>
    public required TaskService Tasks { get; init; }

    public required SwitchConnection Switch { get; init; }

    /// <summary>What is served over HTTP; the rooms add theirs before the listeners open.</summary>
    public HttpRoutes Routes { get; } = new();

    /// <summary>Runs explicit messages by their policy.</summary>
    public IMessageRunner? Runner { get; set; }

    /// <summary>This host's xenopsd; null until the VM rooms made it.</summary>
    public IXenops? Xenops { get; set; }

    /// <summary>Who changed what; null: not written down.</summary>
    internal Access.AuditLog? Audit { get; init; }

    /// <summary>The calls that have ended, by message.</summary>
    internal OutcomeCounts Calls { get; } = new("xapi_call", "Calls", "message");

    /// <summary>Plug-ins and extensions.</summary>
    internal Hosts.ScriptRunner Scripts { get; init; } = new("/etc/xapi.d/plugins", "/etc/xapi.d/extensions");

    /// <summary>Why this host cannot serve now, as a member that its coordinator has not let in; null when it can.</summary>
    internal XenApiError? Emergency
    {
        get => Volatile.Read(ref emergency);
        set => Volatile.Write(ref emergency, value);
    }

    /// <summary>Clients must use TLS (host.https_only of this host).</summary>
    internal bool HttpsOnly
    {
        get => Volatile.Read(ref httpsOnly);
        set => Volatile.Write(ref httpsOnly, value);
    }

    /// <summary>Completed with the reason when the daemon is to be started anew, as for a restored database.</summary>
    internal TaskCompletionSource<string> RestartWanted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends the daemon in a way that makes its supervisor start it again.</summary>
    internal void Restart(string reason) => RestartWanted.TrySetResult(reason);

    /// <summary>The same a moment later, for a change of role: the call that asked for it is answered first, and who polls its task sees its end.</summary>
    internal void RestartSoon(string reason)
    {
        IsLeaving = true;
        _ = WaitAsync();

        async Task WaitAsync()
        {
            await Task.Delay(PoolLimits.Fuse, Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Restart(reason);
        }
    }

    /// <summary>The next start has another role: this one's rounds change nothing any more.</summary>
    internal bool IsLeaving { get; set; }

    /// <summary>Completed with the reason when the daemon is to end and not to be started again.</summary>
    internal TaskCompletionSource<string> StopWanted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends the daemon as a stop by its supervisor would.</summary>
    internal void Stop(string reason) => StopWanted.TrySetResult(reason);

    /// <summary>Completed by the pool rooms when this host's row is known (<see cref="HostIdentity.Localhost"/>); on a member that takes the
    /// coordinator's answer. Nobody may judge before which VMs belong here.</summary>
    public TaskCompletionSource LocalhostKnown { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed by the VM rooms when the database and xenopsd agree for the first time: the host is enabled then.</summary>
    public TaskCompletionSource XenopsInSync { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The door to xenopsd for other hosts; null until the VM rooms made it.</summary>
    public IXenopsGateway? XenopsGateway { get; set; }
}

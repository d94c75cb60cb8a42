using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Tests.Forwarding;

/// <summary>A pool of two hosts in a fake database, a runner on its coordinator, and messages made for the test.</summary>
internal sealed class Stage
{
    public const long MiB = 1024 * 1024;
    private int tasks;

    /// <summary>The uuid of the VM.</summary>
    public const string VmId = "5e1f8a9c-2b7d-4c36-9a41-d80f6e5b3c72";

    public Stage(TimeSpan? patience = null)
    {
        AddHost("here", live: true);
        AddHost("there", live: true);
        Vm = Database.Add("OpaqueRef:vm", NewVm(VmId));
        Identity = new HostIdentity
        {
            Uuid = "u",
            Localhost = new Ref<host>("OpaqueRef:here"),
            Address = "127.0.1.1",
            HttpPort = 1,
            IsCoordinator = true,
            CoordinatorAddress = "127.0.1.1",
            PoolSecret = "",
        };
        Locks = new OperationLocks(Database, new LockLimits(patience ?? TimeSpan.FromMinutes(1)),
            ImmutableDictionary<string, ILockTarget>.Empty.Add("VM", new VmLockTarget()).Add("host", new HostLockTarget())
                .Add("VBD", new VbdLockTarget()).Add("VIF", new VifLockTarget()));
        Runner = new PolicyRunner(Database, Locks, new DeviceMarks(Database, Locks), new Reservations(Database, new HostChooser(Database, static () => 0)), Remote, CancelTask,
            TimeSpan.FromSeconds(30), NullLogger.Instance);
    }

    public FakeDatabase Database { get; } = new();

    public FakeRemote Remote { get; } = new();

    public HostIdentity Identity { get; set; }

    public OperationLocks Locks { get; }

    public PolicyRunner Runner { get; }

    public Ref<VM> Vm { get; }

    public Ref<host> Here { get; } = new("OpaqueRef:here");

    public Ref<host> There { get; } = new("OpaqueRef:there");

    public Dictionary<string, CancellationTokenSource> Cancellable { get; } = [];

    public VM Row => Database.Row(Vm);

    public static VM NewVm(string uuid) => VmRows.WithAllowed(
        new VM
        {
            uuid = uuid,
            name_label = uuid,
            domain_type = domain_type.pvh,
            memory_static_max = 256 * MiB,
            memory_dynamic_max = 256 * MiB,
            memory_dynamic_min = 256 * MiB,
            VCPUs_max = 1,
            VCPUs_at_startup = 1,
            domid = -1,
        },
        "OpaqueRef:" + uuid);

    public void AddHost(string name, bool live, long memory = 1024 * MiB)
    {
        Ref<host_metrics> metrics = Database.Add($"OpaqueRef:{name}-metrics", new host_metrics { uuid = name + "-m", memory_total = memory, live = live });
        Database.Add("OpaqueRef:" + name, new host { uuid = name, enabled = true, metrics = metrics, capabilities = ["xen-3.0-x86_64 hvm"] });
    }

    public void Set(Func<VM, VM> change) => Database.Add(Vm.ToString(), VmRows.WithAllowed(change(Row), Vm.ToString()));

    public void Run(Ref<host> where) => Set(row => row with { power_state = vm_power_state.Running, resident_on = where });

    public CallContext Call(bool forwarded = false, CancellationToken cancel = default)
    {
        Ref<task> self = Database.Add($"OpaqueRef:task{Interlocked.Increment(ref tasks)}", new task { uuid = $"task{tasks}" });
        return new CallContext
        {
            Services = new XapiServices
            {
                Configuration = null!,
                Logs = NullLoggerFactory.Instance,
                Stopping = CancellationToken.None,
                Identity = Identity,
                Database = Database,
                Client = null!,
                Sessions = null!,
                Tasks = null!,
                Switch = null!,
            },
            Method = "VM.test",
            Task = self,
            HasDatabaseTask = true,
            IsForwarded = forwarded,
            CancellationSource = cancel,
        };
    }

    /// <summary>A message with the parameters (vm, host, options) and a body of the test's.</summary>
    public static XenMessage Message(MessagePolicy policy, Func<CallContext, Task> body) => new()
    {
        Class = "VM",
        Name = "test",
        Parameters = [new("vm", "VM ref"), new("host", "host ref"), new("options", "(string -> string) map")],
        Result = "void",
        Role = Role.VmOperator,
        Errors = [],
        Async = true,
        Policy = policy,
        Invoke = async (_, call, _) =>
        {
            await body((CallContext)call);
            return MessageResult.Void;
        },
    };

    public static MessagePolicy Policy(Where where = Where.Coordinator, string? operation = null, string[]? cancels = null, string? reserve = null) =>
        new(where, where == Where.ArgumentHost ? "host" : null,
            operation is null ? [] : [new LockPolicy(0, operation, [.. cancels ?? []])],
            reserve is null ? null : new ReservePolicy(1, reserve));

    public Task RunAsync(MessagePolicy policy, Func<CallContext, Task> body, CallContext? call = null, Ref<host>? target = null, Value? options = null) =>
        Runner.RunAsync(call ?? Call(), Message(policy, body),
            [new Value.Text(Vm.ToString()), new Value.Text((target ?? There).ToString()), options ?? new Value.Struct([])], this).AsTask();

    private bool CancelTask(Ref<task> self)
    {
        if (!Cancellable.TryGetValue(self.ToString(), out CancellationTokenSource? source))
        {
            return false;
        }

        source.Cancel();
        return true;
    }
}

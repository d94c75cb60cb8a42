using System.Text.RegularExpressions;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool whose migrations can be disturbed at a named step, on either host, and one VM that is migrated again and again.</summary>
public partial class MatrixFixture : StorageFixture
{
    private const int MemoryMib = 32;

    /// <summary>Past it the host's state is not what it has to be; daemons are back within a second or two.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly string directory = Directory.CreateTempSubdirectory("matrix").FullName;
    private RunningVm? machine;
    private string uuid = "";
    private string[] devices = [];

    /// <summary>The VM has a disk and an interface, and travels compressed.</summary>
    protected virtual bool Equipped => false;

    /// <summary>MiB/s of a migration while the guest runs: it can be disturbed in its midst.</summary>
    protected virtual int Bandwidth => 64;

    protected override PoolOptions Options => new()
    {
        XenopsdLines =
        [
            $"migration-bandwidth-limit-mib = {Bandwidth}", "migration-recovery-interval = 1", "migration-metadata-lifetime = 15", $"debug-disturb-file = {DisturbFile}",
        ],
    };

    private string DisturbFile => Path.Combine(directory, "disturb");

    /// <summary>The VM, running on the host it was left on.</summary>
    internal async Task<RunningVm> MachineAsync(CancellationToken cancel)
    {
        machine ??= Equipped ? await StartEquippedAsync(cancel) : await StartVmAsync(cancel, MemoryMib);
        if (await machine.PowerStateAsync(cancel) == "Halted")
        {
            // A case before this one lost it, and has failed for that.
            await Client.CallAsync("VM.start", cancel, machine.Ref, false, false);
        }

        uuid = await Client.TextAsync("VM.get_uuid", cancel, machine.Ref);
        await CompleteAsync(machine.Ref, uuid, cancel);
        return machine;
    }

    /// <summary>Gives the running VM what XenAPI does not.</summary>
    protected virtual Task CompleteAsync(string vm, string uuid, CancellationToken cancel) => Task.CompletedTask;

    /// <summary>The next migration that reaches <paramref name="step"/> is disturbed there.</summary>
    internal Task DisturbAsync(string how, string step, CancellationToken cancel) => File.WriteAllTextAsync(DisturbFile, $"{how} {step}\n", cancel);

    internal bool Disturbed => !File.Exists(DisturbFile);

    internal void Calm() => File.Delete(DisturbFile);

    /// <summary>Waits until the VM is whole on one host and both hosts and the database agree on it; gives that host's number.</summary>
    internal async Task<int> WaitUntilSettledAsync(CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Recovery);
        string problem = "nothing was looked at";
        try
        {
            while (true)
            {
                try
                {
                    (problem, int host) = await LookAsync(deadline.Token);
                    if (problem.Length == 0)
                    {
                        return host;
                    }
                }
                catch (Exception error) when (error is XenApiFailure or HttpRequestException or IOException)
                {
                    problem = error.Message;
                    await LoginAgainAsync(error, deadline.Token);
                }

                await Task.Delay(Poll, deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new PoolFailure($"not settled within {Recovery.TotalSeconds:0} s: {problem}\n{LogTails()}");
        }
    }

    /// <summary>A xapi that was started again may have forgotten the session.</summary>
    internal async Task LoginAgainAsync(Exception error, CancellationToken cancel)
    {
        if (error is XenApiFailure { Code: "SESSION_INVALID" })
        {
            await Client.LoginAsync(DevelopmentPool.User, Pool.Password, cancel);
        }
    }

    /// <summary>Migrates the VM, in the way of this fixture.</summary>
    internal async Task TravelAsync(string vm, int host, CancellationToken cancel) => await Client.CallAsync(
        "VM.pool_migrate", cancel, vm, await HostRefAsync(host, cancel),
        new Dictionary<string, string> { ["live"] = "true", ["compress"] = Equipped ? "true" : "false" });

    public override async ValueTask DisposeAsync()
    {
        Calm();
        if (machine is not null)
        {
            await machine.DisposeAsync();
        }

        await base.DisposeAsync();
        Directory.Delete(directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    private async Task<RunningVm> StartEquippedAsync(CancellationToken cancel)
    {
        var vm = await TestVm.CreateAsync(Client, "equipped", MemoryMib, dirtyPagesPerSecond: 500, cancel);
        var disk = await CreateDiskAsync(1 << 20, cancel);
        devices = ["VBD " + await AttachAsync(vm, disk, "0", cancel), "VIF " + await AddInterfaceAsync(vm, cancel)];
        await Client.CallAsync("VM.start_on", cancel, vm, await HostRefAsync(1, cancel), false, false);
        return new RunningVm(this, vm);
    }

    /// <summary>What is wrong with the VM's devices; empty when each is attached, and connected on the VM's host and on no other.</summary>
    private async Task<string> WrongDevicesAsync(int living, CancellationToken cancel)
    {
        foreach (var device in devices)
        {
            var (kind, reference) = (device[..3], device[4..]);
            if (!(bool)await Client.CallAsync($"{kind}.get_currently_attached", cancel, reference))
            {
                return $"the {kind} is not attached";
            }
        }

        foreach (var host in Pool.Hosts)
        {
            var nodes = await StoreNodes.AllAsync(host, cancel);
            List<string> connected = [];
            foreach (var path in nodes.Where(static path => BackendState().IsMatch(path)))
            {
                connected.Add($"{path.Split('/')[5]}={await StoreNodes.ReadAsync(host, path, cancel)}");
            }

            var wanted = host.Number == living ? string.Join(' ', devices.Select(static d => d.StartsWith("VBD", StringComparison.Ordinal) ? "vbd=4" : "vif=4").Order()) : "";
            if (string.Join(' ', connected.Order()) != wanted)
            {
                return $"host {host.Number} has back ends [{string.Join(' ', connected)}], not [{wanted}]";
            }
        }

        return "";
    }

    [GeneratedRegex("^/local/domain/0/backend/(vbd|vif)/[0-9]+/[0-9]+/state$")]
    private static partial Regex BackendState();

    /// <summary>The numbers of the hosts where a domain lives, one for each, and how many domains there are.</summary>
    internal async Task<(List<int> Living, int Domains)> LivingAsync(CancellationToken cancel)
    {
        var (living, domains) = await DomainsAsync(cancel);
        return (living, domains.Count);
    }

    private async Task<(List<int> Living, List<string> Domains)> DomainsAsync(CancellationToken cancel)
    {
        List<string> domains = [];
        List<int> living = [];
        foreach (var host in Pool.Hosts)
        {
            using var simulator = SimulatorControl.Open(host);
            foreach (var domain in (await simulator.DomainsAsync(cancel)).Where(domain => domain.domid != 0))
            {
                domains.Add($"host {host.Number}: {domain.handle} paused={domain.paused} dying={domain.dying} shutdown={domain.shutdown_code}");
                if (domain is { paused: false, dying: false, shutdown_code: null })
                {
                    living.Add(host.Number);
                }
            }
        }

        return (living, domains);
    }

    /// <summary>What is not as it has to be, empty when all is; and the host that has the VM.</summary>
    private async Task<(string Problem, int Host)> LookAsync(CancellationToken cancel)
    {
        var (living, domains) = await DomainsAsync(cancel);
        if (domains.Count != 1 || living.Count != 1)
        {
            return ($"{living.Count} living of {domains.Count} domains [{string.Join("; ", domains)}]", 0);
        }

        var records = Pool.Hosts.SelectMany(host => Directory.EnumerateDirectories(Path.Combine(host.Directory, "xenopsd", "VM"))
            .Select(record => $"{host.Number} {Path.GetFileName(record)}")).ToArray();
        if (records is not [var record] || record != $"{living[0]} {uuid}")
        {
            return ($"the VM lives on {living[0]}; xenopsd's records: [{string.Join("; ", records)}]", 0);
        }

        var vm = machine!;
        var told = (await vm.PowerStateAsync(cancel), await ResidentOnAsync(vm.Ref, cancel));
        int operations = ((Dictionary<string, object>)await Client.CallAsync("VM.get_current_operations", cancel, vm.Ref)).Count;
        return told == ("Running", living[0]) && operations == 0
            ? (await WrongDevicesAsync(living[0], cancel), living[0])
            : ($"the VM lives on {living[0]}; xapi says {told} with {operations} operations", 0);
    }
}

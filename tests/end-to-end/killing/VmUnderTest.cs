using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A VM with one disk and one interface on a pool's only host, and what must be true of it in each of its states, as xapi says and as the machine shows.</summary>
internal sealed class VmUnderTest(StorageFixture fixture, string reference, string uuid, string vbd, string vif)
{
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private XenApiClient Client => fixture.Client;

    private PoolHost Host => fixture.Pool.Coordinator;

    internal static async Task<VmUnderTest> CreateAsync(StorageFixture fixture, CancellationToken cancel)
    {
        var reference = await TestVm.CreateAsync(fixture.Client, "mortal", 16, 50, cancel);
        var vdi = await fixture.CreateDiskAsync(1 << 20, cancel);
        var vbd = await fixture.AttachAsync(reference, vdi, "0", cancel);
        var vif = await fixture.AddInterfaceAsync(reference, cancel);
        return new VmUnderTest(fixture, reference, await fixture.Client.TextAsync("VM.get_uuid", cancel, reference), vbd, vif);
    }

    internal Task<string> StateAsync(CancellationToken cancel) => Client.TextAsync("VM.get_power_state", cancel, reference);

    /// <summary>Whether the device that such a method is about is attached.</summary>
    private Task<bool> IsAttachedAsync(string method, CancellationToken cancel) => method.StartsWith("VIF", StringComparison.Ordinal)
        ? FlagAsync("VIF.get_currently_attached", vif, cancel)
        : FlagAsync("VBD.get_currently_attached", vbd, cancel);

    /// <summary>Calls the operation of that name: <c>VM.start</c>, <c>VBD.plug</c> and their like.</summary>
    internal Task CallAsync(string method, CancellationToken cancel) => method switch
    {
        "VBD.plug" or "VBD.unplug" => Client.CallAsync(method, cancel, vbd),
        "VIF.plug" or "VIF.unplug" => Client.CallAsync(method, cancel, vif),
        "VM.checkpoint" => Client.CallAsync(method, cancel, reference, "moment"),
        "VM.pool_migrate" => fixture.MigrateAsync(reference, 1, cancel),
        "VM.start" or "VM.resume" => Client.CallAsync(method, cancel, reference, false, false),
        _ => Client.CallAsync(method, cancel, reference),
    };

    /// <summary>Brings the VM, from any state that lasts, to one in which <paramref name="method"/> is allowed.</summary>
    internal async Task PrepareAsync(string method, CancellationToken cancel)
    {
        var state = await StateAsync(cancel);
        var needed = method switch { "VM.start" => "Halted", "VM.resume" => "Suspended", _ => "Running" };
        if (state != needed)
        {
            if (state == "Paused")
            {
                await CallAsync("VM.unpause", cancel);
            }

            foreach (var step in (needed, state) switch
            {
                ("Halted", _) => (string[])["VM.hard_shutdown"],
                ("Suspended", "Halted") => ["VM.start", "VM.suspend"],
                ("Suspended", _) => ["VM.suspend"],
                (_, "Halted") => ["VM.start"],
                (_, "Suspended") => ["VM.resume"],
                _ => [],
            })
            {
                await CallAsync(step, cancel);
            }
        }

        var plugs = method.EndsWith(".plug", StringComparison.Ordinal);
        if ((plugs || method.EndsWith(".unplug", StringComparison.Ordinal)) && await IsAttachedAsync(method, cancel) == plugs)
        {
            await CallAsync(plugs ? method.Replace(".plug", ".unplug", StringComparison.Ordinal) : method.Replace(".unplug", ".plug", StringComparison.Ordinal), cancel);
        }
    }

    /// <summary>Waits until what xapi says and what the machine shows are one whole state, and gives it.</summary>
    internal async Task<string> SettleAsync(string moment, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(SettleDeadline);
        var wrong = "";
        while (!deadline.IsCancellationRequested)
        {
            var state = await StateAsync(cancel);
            wrong = await WrongAsync(state, cancel);
            if (wrong.Length == 0 && await StateAsync(cancel) == state)
            {
                return state;
            }

            await Task.Delay(Pause, cancel);
        }

        throw new PoolFailure($"{moment}: {wrong}\n{Host.Xenopsd.LogTail()}");
    }

    internal async Task DestroyAsync(CancellationToken cancel)
    {
        await PrepareAsync("VM.start", cancel);
        foreach (var snapshot in (object[])await Client.CallAsync("VM.get_snapshots", cancel, reference))
        {
            await Client.CallAsync("VM.destroy", cancel, snapshot);
        }

        var vdi = await Client.TextAsync("VBD.get_VDI", cancel, vbd);
        await Client.CallAsync("VM.destroy", cancel, reference);
        await Client.CallAsync("VDI.destroy", cancel, vdi);
    }

    /// <summary>What does not fit <paramref name="state"/>; empty when all does.</summary>
    private async Task<string> WrongAsync(string state, CancellationToken cancel)
    {
        using var machine = SimulatorControl.Open(Host);
        var domain = await machine.DomainOfAsync(uuid, cancel);
        var domains = (await machine.DomainsAsync(cancel)).Count(found => found.domid != 0);
        if (domains > 1 || domains == 1 && domain is null)
        {
            return $"{state}, but the machine has {domains} domains";
        }

        return state is "Running" or "Paused"
            ? domain is null ? $"{state}, but there is no domain" : await WrongOfLivingAsync(state, domain.domid, cancel)
            : await WrongOfGoneAsync(state, cancel);
    }

    private async Task<string> WrongOfLivingAsync(string state, long domid, CancellationToken cancel)
    {
        var said = await Client.TextAsync("VM.get_domid", cancel, reference);
        if (said != domid.ToString(CultureInfo.InvariantCulture))
        {
            return $"{state} as domain {said}, but it is domain {domid}";
        }

        var nodes = await StoreNodes.AllAsync(Host, cancel);
        if (nodes.Contains($"/local/domain/{domid}/action-request"))
        {
            // Half-made or half-ended: xenopsd has yet to see to it.
            return $"{state}, but its end is asked for";
        }

        foreach (var kind in (string[])["vbd", "vif"])
        {
            var attached = await IsAttachedAsync(kind.ToUpperInvariant(), cancel);
            var backend = nodes.Any(path => path.StartsWith($"/local/domain/0/backend/{kind}/{domid}/", StringComparison.Ordinal));
            if (attached != backend)
            {
                return $"{state}, {kind} attached {attached}, but its back end {(backend ? "is" : "is not")} there";
            }
        }

        var strange = nodes.Where(path => path.StartsWith("/local/domain/", StringComparison.Ordinal))
            .Select(path => path.Split('/')[3]).Distinct().Where(id => id != "0" && id != said).ToList();
        return strange.Count == 0 ? "" : $"{state}, but xenstore has domains {string.Join(' ', strange)}";
    }

    private async Task<string> WrongOfGoneAsync(string state, CancellationToken cancel)
    {
        if (await StoreNodes.OfGuestsAsync(Host, cancel) is { Count: > 0 } nodes)
        {
            return $"{state}, but xenstore has {string.Join(' ', nodes.Take(8))}";
        }

        if (state == "Halted" && (await IsAttachedAsync("VBD", cancel) || await IsAttachedAsync("VIF", cancel)))
        {
            return "Halted, but a device is attached";
        }

        var files = Directory.EnumerateFiles(Path.Combine(Host.Directory, "xenopsd"), "*", SearchOption.AllDirectories)
            .Where(path => path.Contains(uuid, StringComparison.Ordinal)).ToList();
        return files.Count == 0 || state == "Suspended" ? "" : $"{state}, but xenopsd keeps {string.Join(' ', files)}";
    }

    /// <summary>A guest that runs has the memory it should have, and goes on.</summary>
    internal async Task VerifyAsync(string moment, CancellationToken cancel)
    {
        if (await StateAsync(cancel) == "Running")
        {
            var memory = await GuestMemory.VerifyAsync(Client, reference, cancel);
            Assert.True(memory is { Errors: 0, Pages: > 0 }, $"{moment}: {memory}");
        }
    }

    private async Task<bool> FlagAsync(string method, string subject, CancellationToken cancel) => (bool)await Client.CallAsync(method, cancel, subject);
}

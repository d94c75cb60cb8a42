using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The order of the steps of every operation, as tables (xenops protocol).</summary>
public sealed class PlansTests
{
    private static readonly VmDevices Bare = VmDevices.None("v");

    private static readonly VmDevices Full = new(
        "v",
        [
            new Vbd { id = ("v", "xvda"), backend = new Disk.VDI("sr/a") },
            new Vbd { id = ("v", "xvdb"), backend = new Disk.VDI("sr/b"), persistent = false },
            new Vbd { id = ("v", "xvdd"), mode = VbdMode.ReadOnly, ty = VbdType.CDROM },
        ],
        [new Vif { id = ("v", "1"), position = 1 }, new Vif { id = ("v", "0"), position = 0 }]);

    public static TheoryData<string, ImmutableArray<Atomic>, string[]> Table { get; } = new()
    {
        { "start", Plans.Start(Bare, force: false), [
            "hook vm-pre-start none", "create", "build", "create_device_model", "survivable"] },
        { "start with devices", Plans.Start(Full, force: true), [
            "hook vm-pre-start none", "create", "build force",
            "P[N[S[+xvda; epoch xvda; plug xvda]; S[+xvdb; epoch! xvdb; plug xvdb]]; S[+xvdd; plug xvdd]; S[+vif0; plug vif0]; S[+vif1; plug vif1]]",
            "create_device_model", "survivable"] },
        { "shutdown", Plans.Shutdown(Bare, TimeSpan.FromSeconds(9)), [
            "ask Poweroff 9", "try[pause]", "destroy_device_model", "destroy"] },
        { "poweroff hard with devices", Plans.Poweroff(Full, null), [
            "hook vm-pre-shutdown hard-shutdown", "try[pause]", "destroy_device_model",
            "P[unplug! xvda; unplug! xvdb; unplug! xvdd; unplug! vif0; unplug! vif1]", "destroy",
            "P[S[end xvda; -xvda]; S[end xvdb; -xvdb]; -xvdd; -vif0; -vif1]",
            "hook vm-post-destroy hard-shutdown"] },
        { "poweroff clean", Plans.Poweroff(Bare, TimeSpan.FromSeconds(5)), [
            "hook vm-pre-shutdown clean-shutdown", "ask Poweroff 5", "try[pause]", "destroy_device_model", "destroy",
            "hook vm-post-destroy clean-shutdown"] },
        { "reboot clean", Plans.Reboot(Bare, TimeSpan.FromSeconds(5)), [
            "ask Reboot 5", "hook vm-pre-shutdown clean-reboot", "try[pause]", "destroy_device_model", "destroy",
            "hook vm-post-destroy clean-reboot", "hook vm-pre-reboot none",
            "hook vm-pre-start none", "create", "build", "create_device_model", "survivable", "unpause"] },
        { "migrate, memory", MigrationPlans.SourceSend("v", "t"), ["save", "rename v t"] },
        { "migrate, end", MigrationPlans.SourceFinish(VmDevices.None("t"), "v"), [
            "hook vm-pre-shutdown suspend of v at t", "try[pause]", "destroy_device_model", "destroy", "hook vm-post-destroy suspend of v at t", "remove"] },
        { "receive, domain", MigrationPlans.DestinationCreate(Full, 7, "f"), [
            "create 7 for f", "P[S[+vif0; plug vif0]; S[+vif1; plug vif1]]"] },
        { "receive, memory", MigrationPlans.DestinationRestore("t"), ["restore"] },
        { "receive, end", MigrationPlans.DestinationFinish(Full, "t"), [
            "rename t v", "N[S[+xvda; plug xvda]; S[+xvdb; plug xvdb]]", "S[+xvdd; plug xvdd]",
            "create_device_model saved", "unpause", "survivable", "try[hook vm-post-migrate destination]"] },
        { "receive under its own id", MigrationPlans.DestinationFinish(Bare, "v"), [
            "create_device_model saved", "unpause", "survivable", "try[hook vm-post-migrate destination]"] },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void StepsAreInOrder(string operation, ImmutableArray<Atomic> plan, string[] expected)
    {
        Assert.NotEmpty(operation);
        Assert.Equal(expected, plan.Select(Text));
    }

    [Fact]
    public void UndoingAStartDestroysWhatItMade()
    {
        Assert.Equal(["destroy"], Plans.Start(Bare, force: false).Select(AtomicTraits.Undo).OfType<Atomic>().Select(Text));
        Assert.Equal(["fast_resume", "rename t v"], MigrationPlans.SourceSend("v", "t").Select(AtomicTraits.Undo).OfType<Atomic>().Select(Text));
    }

    [Fact]
    public void MemoryWeighsTen()
    {
        Assert.Equal(11, MigrationPlans.SourceSend("v", "t").Sum(AtomicTraits.Weight));
        Assert.Equal(12, Plans.Start(Full, false).OfType<Atomic.Parallel>().Single().Weight());
    }

    private static string Text(Atomic atomic) => atomic switch
    {
        Atomic.VM_hook_script h => $"hook {h.Script} {h.Reason}",
        Atomic.VM_hook_script_stable h => $"hook {h.Script} {h.Reason} of {h.Vm} at {h.BackendVm}",
        Atomic.VM_create { FinalId: { } final } c => $"create {c.MemoryLimit} for {final}",
        Atomic.VM_create { MemoryLimit: null } => "create",
        Atomic.VM_build b => b.Force ? "build force" : "build",
        Atomic.VM_create_device_model m => m.SaveState ? "create_device_model saved" : "create_device_model",
        Atomic.VM_set_domain_action_request_none => "survivable",
        Atomic.VM_shutdown_domain s => $"ask {s.Request} {s.Timeout.TotalSeconds}",
        Atomic.VM_rename r => $"rename {r.Vm} {r.NewVm}",
        Atomic.VBD_set_active a => (a.Active ? "+" : "-") + a.Device.Device,
        Atomic.VBD_epoch_begin e => $"epoch{(e.Persistent ? "" : "!")} {e.Device.Device}",
        Atomic.VBD_epoch_end e => $"end {e.Device.Device}",
        Atomic.VBD_plug p => $"plug {p.Device.Device}",
        Atomic.VBD_unplug u => $"unplug{(u.Force ? "!" : "")} {u.Device.Device}",
        Atomic.VIF_set_active a => (a.Active ? "+vif" : "-vif") + a.Device.Device,
        Atomic.VIF_plug p => $"plug vif{p.Device.Device}",
        Atomic.VIF_unplug u => $"unplug{(u.Force ? "!" : "")} vif{u.Device.Device}",
        Atomic.Parallel g => $"P[{Join(g.Atoms)}]",
        Atomic.Nested_parallel g => $"N[{Join(g.Atoms)}]",
        Atomic.Serial g => $"S[{Join(g.Atoms)}]",
        Atomic.Best_effort b => $"try[{Text(b.Inner)}]",
        _ => atomic.GetType().Name["VM_".Length..],
    };

    private static string Join(ImmutableArray<Atomic> atoms) => string.Join("; ", atoms.Select(Text));
}

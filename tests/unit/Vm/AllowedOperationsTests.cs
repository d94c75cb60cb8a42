using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.VirtualMachines;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

public sealed class AllowedOperationsTests
{
    private static readonly string[] States = ["halted", "paused", "suspended", "running"];

    private static VmFacts In(string state) => new() { Reference = "OpaqueRef:vm", PowerState = state };

    private static VmFacts Busy(string state, params string[] operations) => In(state) with
    {
        Current = [.. operations.Select(static (op, i) => KeyValuePair.Create("OpaqueRef:task" + i, op))],
    };

    [Theory]
    // operation, states in which it is valid, in the order of the table (H, P, S, R)
    [InlineData("changing_VCPUs", "H")]
    [InlineData("changing_static_range", "H")]
    [InlineData("changing_memory_limits", "H")]
    [InlineData("changing_shadow_memory", "H")]
    [InlineData("changing_NVRAM", "H")]
    [InlineData("make_into_template", "H")]
    [InlineData("start", "H")]
    [InlineData("start_on", "H")]
    [InlineData("create_vtpm", "H")]
    [InlineData("clone", "H")]
    [InlineData("copy", "H")]
    [InlineData("unpause", "P")]
    [InlineData("csvm", "S")]
    [InlineData("resume", "S")]
    [InlineData("resume_on", "S")]
    [InlineData("call_plugin", "R")]
    [InlineData("clean_reboot", "R")]
    [InlineData("clean_shutdown", "R")]
    [InlineData("pause", "R")]
    [InlineData("pool_migrate", "R")]
    [InlineData("suspend", "R")]
    [InlineData("changing_VCPUs_live", "R")]
    [InlineData("changing_dynamic_range", "HR")]
    [InlineData("create_template", "HS")]
    [InlineData("destroy", "HS")]
    [InlineData("export", "HS")]
    [InlineData("hard_reboot", "PR")]
    [InlineData("checkpoint", "PSR")]
    [InlineData("shutdown", "PSR")]
    [InlineData("hard_shutdown", "PSR")]
    [InlineData("migrate_send", "HSR")]
    [InlineData("snapshot", "HPSR")]
    [InlineData("power_state_reset", "HPSR")]
    [InlineData("import", "")]
    public void OperationsAreValidInTheirPowerStates(string operation, string states)
    {
        string expected = string.Join(", ", states.Select(static c => Array.Find(States, s => char.ToUpperInvariant(s[0]) == c)));
        foreach (string state in States)
        {
            XenApiError? error = AllowedOperations.Check(In(state), operation);
            if (states.Contains(char.ToUpperInvariant(state[0]), StringComparison.Ordinal))
            {
                Assert.Null(error);
            }
            else
            {
                Assert.NotNull(error);
                Assert.Equal("VM_BAD_POWER_STATE", error.Code);
                Assert.Equal(["OpaqueRef:vm", expected, state], error.Parameters);
            }
        }
    }

    [Fact]
    public void ASuspendedSnapshotCanBeCloned()
    {
        VmFacts snapshot = In("suspended") with { IsSnapshot = true };
        Assert.Null(AllowedOperations.Check(snapshot, "clone"));
        Assert.Equal("VM_BAD_POWER_STATE", AllowedOperations.Check(In("suspended"), "clone")?.Code);
    }

    [Fact]
    public void ARunningControlDomainMayChangeItsMemoryLimits() =>
        Assert.Null(AllowedOperations.Check(In("running") with { IsControlDomain = true }, "changing_memory_limits"));

    [Fact]
    public void HaltedListsWhatAClientCanDo() =>
        Assert.Equal(
            ["changing_NVRAM", "changing_dynamic_range", "changing_shadow_memory", "changing_static_range", "clone", "copy", "create_vtpm",
             "destroy", "export", "make_into_template", "metadata_export", "migrate_send", "snapshot", "start", "start_on"],
            AllowedOperations.List(In("halted")));

    [Fact]
    public void RunningListsWhatAClientCanDo() =>
        Assert.Equal(
            ["changing_VCPUs_live", "changing_dynamic_range", "checkpoint", "clean_reboot", "clean_shutdown", "hard_reboot", "hard_shutdown",
             "metadata_export", "migrate_send", "pause", "pool_migrate", "snapshot", "suspend"],
            AllowedOperations.List(In("running")));

    [Fact]
    public void ABuiltInTemplateCanBeClonedButNotDestroyed()
    {
        VmFacts template = In("halted") with { IsTemplate = true, IsDefaultTemplate = true };
        ImmutableArray<string> allowed = AllowedOperations.List(template);
        Assert.Contains("clone", allowed);
        Assert.Contains("provision", allowed);
        Assert.DoesNotContain("start", allowed);
        Assert.Equal(["OpaqueRef:vm", "destroy"], AllowedOperations.Check(template, "destroy")?.Parameters);
        Assert.Equal("VM_IS_TEMPLATE", AllowedOperations.Check(template, "start")?.Code);
        Assert.Null(AllowedOperations.Check(template with { IsDefaultTemplate = false }, "destroy"));
    }

    [Fact]
    public void OnlyTemplatesAreProvisionedAndOnlySnapshotsReverted()
    {
        Assert.Equal("ONLY_PROVISION_TEMPLATE", AllowedOperations.Check(In("halted"), "provision")?.Code);
        Assert.Equal("ONLY_REVERT_SNAPSHOT", AllowedOperations.Check(In("halted"), "revert")?.Code);
        Assert.Equal("VM_IS_SNAPSHOT", AllowedOperations.Check(In("halted") with { IsSnapshot = true }, "start")?.Code);
    }

    [Theory]
    [InlineData("suspend")]
    [InlineData("checkpoint")]
    [InlineData("pool_migrate")]
    [InlineData("migrate_send")]
    public void AnImmobileVmStaysUnlessForced(string operation)
    {
        VmFacts vm = In("running") with { NoMigrate = true };
        Assert.Equal("VM_IS_IMMOBILE", AllowedOperations.Check(vm, operation)?.Code);
        Assert.Null(AllowedOperations.Check(vm, operation, strict: false));
    }

    [Fact]
    public void ABlockedOperationNamesItsReasonBeforeAnythingElse()
    {
        VmFacts vm = In("halted") with { Blocked = [KeyValuePair.Create("pause", "because")] };
        XenApiError? error = AllowedOperations.Check(vm, "pause");
        Assert.Equal("OPERATION_BLOCKED", error?.Code);
        Assert.Equal(["OpaqueRef:vm", "because"], error?.Parameters);
    }

    [Fact]
    public void DomainZeroCannotBeDestroyed()
    {
        VmFacts zero = In("halted") with { IsControlDomain = true, IsDomainZero = true };
        Assert.Equal(["This operation is not allowed on dom0"], AllowedOperations.Check(zero, "destroy")?.Parameters);
        Assert.Equal(["This operation is not allowed on a control domain"], AllowedOperations.Check(zero, "clone")?.Parameters);
        Assert.Null(AllowedOperations.Check(zero with { IsDomainZero = false }, "destroy"));
    }

    [Fact]
    public void AGuestWithoutTheFeatureIsNotMoved()
    {
        VmFacts vm = In("running") with { GuestReport = ImmutableDictionary<string, string>.Empty };
        Assert.Equal("VM_LACKS_FEATURE", AllowedOperations.Check(vm, "pool_migrate")?.Code);
        Assert.Null(AllowedOperations.Check(vm, "pool_migrate", strict: false));
        Assert.Null(AllowedOperations.Check(vm with { ParavirtualBoot = true }, "pool_migrate"));
        VmFacts refusing = vm with { GuestReport = vm.GuestReport.Add("data-cant-suspend-reason", "busy") };
        Assert.Equal(["OpaqueRef:vm", "busy"], AllowedOperations.Check(refusing, "suspend")?.Parameters);
    }

    [Theory]
    // current operations, new operation, allowed
    [InlineData("clone", "copy", true)]
    [InlineData("clone", "export", true)]
    [InlineData("clone", "start", false)]
    [InlineData("migrate_send", "metadata_export", true)]
    [InlineData("clone", "destroy", false)]
    public void HaltedConcurrency(string current, string operation, bool allowed) =>
        AssertConcurrency(Busy("halted", current), operation, allowed);

    [Theory]
    [InlineData("snapshot", "checkpoint", true)]
    [InlineData("snapshot_with_quiesce", "snapshot", true)]
    [InlineData("snapshot_with_quiesce", "checkpoint", false)]
    [InlineData("pool_migrate", "hard_shutdown", true)]
    [InlineData("hard_shutdown", "hard_shutdown", false)]
    [InlineData("hard_reboot", "hard_shutdown", true)]
    [InlineData("pool_migrate", "hard_reboot", true)]
    [InlineData("hard_shutdown", "hard_reboot", false)]
    [InlineData("migrate_send", "clean_shutdown", true)]
    [InlineData("migrate_send", "clean_reboot", true)]
    [InlineData("migrate_send", "pause", false)]
    [InlineData("pool_migrate", "clean_shutdown", false)]
    [InlineData("pool_migrate", "pool_migrate", false)]
    [InlineData("get_boot_record", "get_boot_record", true)]
    public void RunningConcurrency(string current, string operation, bool allowed) =>
        AssertConcurrency(Busy("running", current), operation, allowed);

    [Fact]
    public void SeveralOperationsInTheWayAreAllNamed()
    {
        XenApiError? error = AllowedOperations.Check(Busy("running", "snapshot", "checkpoint"), "pause");
        Assert.Equal(["VM", "OpaqueRef:vm", "{snapshot,checkpoint}", "{OpaqueRef:task0,OpaqueRef:task1}"], error?.Parameters);
    }

    private static void AssertConcurrency(VmFacts vm, string operation, bool allowed)
    {
        XenApiError? error = AllowedOperations.Check(vm, operation);
        if (allowed)
        {
            Assert.Null(error);
            return;
        }

        Assert.Equal("OTHER_OPERATION_IN_PROGRESS", error?.Code);
        Assert.Equal(["VM", "OpaqueRef:vm", vm.Current[0].Value, "OpaqueRef:task0"], error?.Parameters);
    }
}

using System.Collections.Immutable;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Storage;
using Xunit;

namespace Toolstack.Tests.Storage;

/// <summary>Which operations VDIs and SRs admit.</summary>
public class StorageRulesTests
{
    private static readonly VdiUse Idle = new(false, false, [], Reachable: true);

    [Fact]
    public void AnIdleVdiAdmitsWhatTheDriverCan() =>
        Assert.Equal(
            ["clone", "copy", "destroy", "forget", "resize", "snapshot", "update"],
            StorageRules.WithAllowed("v", new VDI(), Idle).allowed_operations.Select(vdi_operationsCodec.Text).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(vdi_operations.destroy, "VDI_IN_USE")]
    [InlineData(vdi_operations.resize, "VDI_IN_USE")]
    [InlineData(vdi_operations.copy, "VDI_IN_USE")]
    [InlineData(vdi_operations.snapshot, null)]
    [InlineData(vdi_operations.clone, null)]
    [InlineData(vdi_operations.mirror, "SR_OPERATION_NOT_SUPPORTED")]
    public void AnAttachedVdi(vdi_operations operation, string? error) =>
        Assert.Equal(error, StorageRules.Check("v", new VDI(), Idle with { Attached = true, AttachedForWriting = true }, operation)?.Code);

    [Fact]
    public void ReadersDoNotPreventACopy() =>
        Assert.Null(StorageRules.Check("v", new VDI(), Idle with { Attached = true }, vdi_operations.copy));

    [Fact]
    public void CopiesRunBesideEachOtherAndNothingElseDoes()
    {
        VDI row = new() { current_operations = new VDI().current_operations.SetItem("t", vdi_operations.copy) };
        Assert.Null(StorageRules.Check("v", row, Idle, vdi_operations.copy));
        Assert.Equal("OTHER_OPERATION_IN_PROGRESS", StorageRules.Check("v", row, Idle, vdi_operations.destroy)?.Code);
    }

    [Fact]
    public void ABusyVbdIsWaitedFor() => Assert.Equal(
        ["VBD", "b", "plug", "t"],
        StorageRules.Check("v", new VDI(), Idle with { Busy = [("b", "t", "plug")] }, vdi_operations.destroy)!.Parameters);

    [Fact]
    public void AnUnreachableVdiCanOnlyBeForgotten()
    {
        VdiUse away = Idle with { Reachable = false };
        Assert.Equal("SR_NO_PBDS", StorageRules.Check("v", new VDI(), away, vdi_operations.destroy)?.Code);
        Assert.Null(StorageRules.Check("v", new VDI(), away, vdi_operations.forget));
    }

    [Fact]
    public void ARepositoryInUseIsNotDestroyed()
    {
        SR row = new() { PBDs = [new("p")] };
        Assert.Equal("SR_HAS_PBD", StorageRules.Check("s", row, attached: true, occupied: false, storage_operations.destroy)?.Code);
        Assert.Equal("SR_NOT_EMPTY", StorageRules.Check("s", row, attached: false, occupied: true, storage_operations.destroy)?.Code);
        Assert.Equal("SR_NO_PBDS", StorageRules.Check("s", new SR(), attached: false, occupied: false, storage_operations.destroy)?.Code);
        Assert.Null(StorageRules.Check("s", row, attached: false, occupied: false, storage_operations.destroy));
    }

    [Fact]
    public void OnlyPlugsRunBesideAPlug()
    {
        SR plugging = new() { current_operations = new SR().current_operations.SetItem("t", storage_operations.plug) };
        Assert.Null(StorageRules.Check("s", plugging, attached: false, occupied: false, storage_operations.plug));
        Assert.Equal("OTHER_OPERATION_IN_PROGRESS", StorageRules.Check("s", plugging, attached: false, occupied: false, storage_operations.scan)?.Code);
    }
}

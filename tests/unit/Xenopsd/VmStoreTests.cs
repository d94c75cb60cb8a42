using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Server;
using Toolstack.Xenopsd.State;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class VmStoreTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("vm-store-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void ARestartKnowsTheRecordsAgain()
    {
        var record = Record("v") with { Vbds = [new Vbd { id = ("v", "xvda"), backend = new Disk.Local("/d") }], Vifs = [new Vif { id = ("v", "0") }] };
        Open().Put(record);
        Assert.Equal(["config", "vbd.xvda", "vif.0"], Directory.EnumerateFiles(Path.Combine(root, "VM", "v")).Select(Path.GetFileName).Order());
        var read = Open().Get("v");
        Assert.Equal(MetadataText.Write(record), MetadataText.Write(read));
        Assert.False(read.Survivable);
    }

    [Fact]
    public void DevicesThatAreGoneLeaveNoFile()
    {
        var store = Open();
        store.Put(Record("v") with { Vbds = [new Vbd { id = ("v", "xvda") }] });
        store.Put(Record("v"));
        Assert.Empty(Open().Get("v").Vbds);
    }

    [Fact]
    public void ARenameTakesEverythingAlongAndNeverOverwrites()
    {
        var store = Open();
        store.Put(Record("v") with { Vifs = [new Vif { id = ("v", "0") }] });
        store.Put(Record("w"));
        Assert.Equal(new XenopsErrorValue.Already_exists("VM", "w"), Assert.Throws<XenopsError>(() => store.Rename("v", "w")).Value);
        store.Rename("v", "t");
        Assert.Equal(["t", "w"], Open().Ids);
        Assert.Equal(("t", "0"), Open().Get("t").Vifs[0].id);
    }

    [Fact]
    public void ARecordThatCannotBeReadIsLeftOut()
    {
        Open().Put(Record("v"));
        File.WriteAllText(Path.Combine(root, "VM", "v", "config"), "{");
        Assert.Empty(Open().Ids);
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("..")]
    public void AnIdCannotLeaveTheDirectory(string id) => Assert.Throws<XenopsError>(() => Open().Put(Record(id)));

    [Theory]
    [InlineData("ffff0000-00000001", "0f0fffff", "0f0f0000-00000000")]
    [InlineData("", "00000001", "00000000")]
    public void PoliciesCombineToWhatBothHave(string first, string second, string both) => Assert.Equal(both, CpuPolicy.Combine(first, second));

    [Theory]
    [InlineData("00000001", "00000003-00000001", true)]
    [InlineData("00000003", "00000001", false)]
    [InlineData("00000001-00000001", "00000001", false)]
    [InlineData("", "", true)]
    public void AHostMustGiveAllThatAVmUses(string vm, string host, bool compatible) => Assert.Equal(compatible, CpuPolicy.IsCompatible(vm, host));

    private VmStore Open() => new(new VmFiles(root, NullLogger.Instance));

    private static VmRecord Record(string id) => new(
        new Toolstack.Xenopsd.Contract.Vm
        {
            id = id,
            ty = new BuilderInfo.HVM(new HvmInfo()),
            memory_static_max = 1,
            memory_dynamic_max = 1,
            memory_dynamic_min = 1,
            vcpu_max = 1,
            vcpus = 1,
        }, [], [], new VmExtra());
}

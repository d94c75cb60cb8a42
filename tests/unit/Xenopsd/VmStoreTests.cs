using System.Collections.Immutable;
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
    }

    /// <summary>Files of VMs that are gone are used again.</summary>
    [Fact]
    public void NothingOfAVmThatIsGoneComesBackWithAnother()
    {
        var store = Open();
        for (int round = 0; round < 3; round++)
        {
            string first = $"first-{round}";
            string second = $"second-{round}";
            store.Put(Record(first));
            store.Update(first, static r => r.WithPersistent(static p => p with { suspend_memory_bytes = 1 << 20 }));
            store.Put(Record(second));
            store.Remove(first);
            Assert.Equal([second], Look().Ids);
            store.Put(Record("new"));
            Assert.Equal(["new", second], Look().Ids);
            Assert.False(Look().Get("new").HasImage);
            store.Update("new", static r => r.WithPersistent(static p => p with { last_start_time = 7 }));
            Assert.Equal((7, 0), (Look().Get("new").Extra.persistent.last_start_time, Look().Get("new").Extra.persistent.suspend_memory_bytes));
            store.Remove("new");
            store.Remove(second);
            Assert.Empty(Look().Ids);
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(root, "VM")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(root, "extra")));
        Open();
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(root, "spare")));
    }

    [Fact]
    public void SparesThatSomebodyClearedAwayAreNotMissed()
    {
        var store = Open();
        store.Put(Record("v"));
        store.Remove("v");
        Directory.Delete(Path.Combine(root, "spare"), recursive: true);
        store.Put(Record("w"));
        store.Remove("w");
        store.Put(Record("x"));
        Assert.Equal(["x"], Open().Ids);
    }

    [Fact]
    public void AVmWhoseFilesSomebodyClearedAwayIsWrittenWholeAgain()
    {
        var store = Open();
        store.Put(Record("gone"));
        store.Remove("gone");
        store.Put(Record("v"));
        Directory.Delete(Path.Combine(root, "VM", "v"), recursive: true);
        store.Update("v", static r => r.WithPersistent(static p => p with { last_start_time = 7 }));
        Assert.Equal(7, Open().Get("v").Extra.persistent.last_start_time);
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

    [Fact]
    public void EveryDeviceIsKeptInItsOwnFile()
    {
        var record = Record("v") with
        {
            Vbds = [new Vbd { id = ("v", "xvda"), qos = new VbdQos.Ionice(new IoScheduling.Idle()) }],
            Vifs = [new Vif { id = ("v", "0"), ipv4_configuration = new Ipv4Configuration.Static4(["10.0.0.1/8"], null) }],
            Pcis = [new Pci { id = ("v", "0000:03:00.0"), address = new PciAddress { bus = 3 } }],
            Vgpus = [new Vgpu { id = ("v", "0"), implementation = new VgpuImplementation.GVT_g(new GvtGpu { fence_sz = 4 }) }],
            Vusbs = [new Vusb { id = ("v", "usb1"), speed = 480 }],
        };
        Open().Put(record);
        Assert.False(File.Exists(Path.Combine(root, "extra", "v")), "nothing is kept beside the record of a VM that never ran");
        record = record.WithPersistent(static p => p with { last_start_time = 1 });
        Open().Put(record);
        Assert.True(File.Exists(Path.Combine(root, "PCI", "v", "pci.0000:03:00.0")));
        Assert.True(File.Exists(Path.Combine(root, "extra", "v")));
        Assert.Equal(
            ["config", "vbd.xvda", "vgpu.0", "vif.0", "vusb.usb1"],
            Directory.EnumerateFiles(Path.Combine(root, "VM", "v")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(MetadataText.Write(record), MetadataText.Write(Open().Get("v")));
        Open().Remove("v");
        Assert.Empty(Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void AWriteThatFailsLeavesTheRecordAsItWas()
    {
        var store = Open();
        store.Put(Record("v") with { Vbds = [new Vbd { id = ("v", "xvda"), backend = new Disk.Local("/old") }] });

        // The name of the second device is too long for a file: the first is written already when that is found out.
        var half = store.Get("v").With(new Vbd { id = ("v", "xvda"), backend = new Disk.Local("/new") }).With(new Vbd { id = ("v", new string('x', 300)) });
        Assert.IsType<XenopsErrorValue.IO_error>(Assert.Throws<XenopsError>(() => store.Put(half)).Value);
        Assert.Equal(new Disk.Local("/old"), store.Get("v").Vbd("xvda").backend);
        Assert.Empty(Directory.EnumerateFiles(root, "*.tmp", SearchOption.AllDirectories));

        // The next write that succeeds makes the files what the record is.
        store.Update("v", static r => r with { Vm = r.Vm with { name = "new" } });
        Assert.Equal(("new", new Disk.Local("/old")), (Open().Get("v").Vm.name, Open().Get("v").Vbd("xvda").backend));
    }

    [Fact]
    public void AnInterruptedRemovalIsFinishedByTheNextLoad()
    {
        Open().Put(Record("v") with { Vifs = [new Vif { id = ("v", "0") }] });
        File.Delete(Path.Combine(root, "VM", "v", "config"));
        Assert.Empty(Open().Ids);
        Assert.False(Directory.Exists(Path.Combine(root, "VM", "v")));
    }

    [Fact]
    public void AMigrationThatCannotBeReadDoesNotStopTheStart()
    {
        string vm = "12345678-1234-1234-1234-123456789abc";
        Directory.CreateDirectory(Path.Combine(root, "migrations"));
        File.WriteAllText(Path.Combine(root, "migrations", vm), "{");
        File.WriteAllText(Path.Combine(root, "migrations", "junk"), "{");
        var pending = new PendingMigrations(root, NullLogger.Instance);
        Assert.Empty(pending.Undecided);
        Assert.Null(pending.Find(vm));
        Assert.True(pending.IsSource("12345678-1234-1234-1234-000000000000"));
        Assert.False(pending.IsSource("22345678-1234-1234-1234-000000000000"));
    }

    [Fact]
    public void MetadataOfElsewhereFitsHere()
    {
        var host = new Toolstack.Xenopsd.Backends.CpuFeatures("00", "11", "22", "33", "44");
        var metadata = new Metadata { vm = Record("v").Vm, vbds = [new Vbd { id = ("v", "hda") }, new Vbd { id = ("v", "sda") }] };
        var record = MetadataImport.Record(metadata, extra: null, old: null, host);
        Assert.Equal("22", record.Vm.platformdata["featureset"]);
        Assert.Equal(["xvda", "sda"], record.Vbds.Select(static v => v.id.device));
        var named = metadata with { vm = metadata.vm with { platformdata = metadata.vm.platformdata.SetItem("featureset", "7") } };
        Assert.Equal("7", MetadataImport.Record(named, null, null, host).Vm.platformdata["featureset"]);
    }

    [Fact]
    public void WhatIsElsewhereIsNamedAnew()
    {
        PciAddress card = new() { bus = 1 };
        PciAddress function = new() { bus = 1, dev = 1 };
        PciAddress there = new() { bus = 9 };
        var record = Record("v") with
        {
            Vbds = [new Vbd { id = ("v", "xvda"), backend = new Disk.VDI("sr/a") }, new Vbd { id = ("v", "xvdb"), backend = new Disk.VDI("sr/ab") }],
            Vifs = [new Vif { id = ("v", "0") }],
            Vgpus = [new Vgpu { id = ("v", "2"), physical_pci_address = card, virtual_pci_address = function }],
            Pcis = [new Pci { id = ("v", function.ToString()), address = function }],
        };
        var remapped = MetadataRemap.Apply(
            record,
            ImmutableSortedDictionary<string, string>.Empty.Add("sr/a", "far/a"),
            ImmutableSortedDictionary<string, Network>.Empty.Add("0", new Network.Local("xenbr9")),
            ImmutableSortedDictionary<string, PciAddress>.Empty.Add("vf:2", there));
        Assert.Equal([new Disk.VDI("far/a"), new Disk.VDI("sr/ab")], remapped.Vbds.Select(static v => v.backend));
        Assert.Equal(new Network.Local("xenbr9"), remapped.Vifs[0].backend);
        Assert.Equal((card, there), (remapped.Vgpus[0].physical_pci_address, remapped.Vgpus[0].virtual_pci_address));
        Assert.Equal((("v", "0000:09:00.0"), there), (remapped.Pcis[0].id, remapped.Pcis[0].address));
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

    /// <summary>What a process would find that starts now, while another still writes: it changes nothing.</summary>
    private VmStore Look()
    {
        string copy = Path.Combine(root, "copy");
        foreach (string file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(f => !f.StartsWith(copy, StringComparison.Ordinal)).ToList())
        {
            string target = Path.Combine(copy, Path.GetRelativePath(root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var found = new VmStore(new VmFiles(copy, NullLogger.Instance));
        Directory.Delete(copy, recursive: true);
        return found;
    }

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

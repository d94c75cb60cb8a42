using Toolstack.Idl;
using Xunit;
using Model = Toolstack.Xapi.Datamodel.Datamodel;

namespace Toolstack.Tests.DatamodelClasses;

/// <summary>How much each class has, as counted when it was declared: a member that is lost or gained by mistake shows here.</summary>
public class ClassCountsTests
{
    /// <summary>Class, public fields, declared messages, messages that follow from the class.</summary>
    private const string Counts = """
        session 16 10 21
        auth 0 3 0
        subject 4 3 12
        role 5 4 12
        task 17 7 27
        event 7 6 0
        pool 57 76 88
        pool_patch 10 7 20
        pool_update 11 6 21
        VM 91 88 140
        VM_metrics 16 0 25
        VM_guest_metrics 14 0 23
        VMPP 20 22 33
        VMSS 10 8 22
        VM_appliance 6 7 17
        DR_task 2 2 8
        host 70 85 99
        host_crashdump 5 2 14
        host_patch 10 2 20
        host_metrics 6 0 15
        host_cpu 13 0 22
        network 16 4 34
        VIF 27 15 40
        VIF_metrics 5 0 14
        PIF 35 14 44
        PIF_metrics 13 0 22
        Bond 9 4 18
        VLAN 5 2 14
        SM 14 0 24
        SR 21 23 37
        sr_stat 7 0 0
        probe_result 4 0 0
        LVHD 1 1 3
        VDI 32 24 51
        VBD 22 9 39
        VBD_metrics 5 0 14
        PBD 6 5 15
        crashdump 4 1 13
        VTPM 8 2 14
        console 5 0 16
        user 4 0 12
        data_source 8 0 0
        blob 7 2 17
        message 7 10 0
        secret 3 0 15
        tunnel 6 2 19
        network_sriov 5 3 11
        PCI 11 0 20
        PGPU 12 7 21
        GPU_group 10 3 23
        VGPU 12 2 22
        VGPU_type 16 0 22
        PVS_site 7 3 16
        PVS_server 5 2 11
        PVS_proxy 5 2 11
        PVS_cache_storage 6 0 14
        Feature 7 0 14
        SDN_controller 4 2 10
        vdi_nbd_server_info 5 0 0
        PUSB 14 2 23
        USB_group 6 2 18
        VUSB 7 3 16
        Cluster 15 7 24
        Cluster_host 11 5 17
        Certificate 7 0 13
        Repository 9 3 18
        Observer 8 5 19
        VM_group 5 0 16
        Host_driver 4 0 10
        Driver_variant 3 0 9
        Caller 2 0 8
        Rate_limit 2 0 8
        Diagnostics 0 0 0
        """;

    public static TheoryData<string, int, int, int> Classes()
    {
        TheoryData<string, int, int, int> data = [];
        foreach (string line in Counts.Split('\n'))
        {
            string[] parts = line.Split(' ');
            data.Add(parts[0], Number(parts[1]), Number(parts[2]), Number(parts[3]));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Classes))]
    public void Classes_are_whole(string name, int fields, int messages, int derived)
    {
        XenClass type = Model.Find(name)!;
        Assert.Equal((fields, messages, derived), (type.Fields.Count(f => !f.Internal), type.Messages.Length, ImplicitMessages.Of(type).Length));
    }

    [Fact]
    public void Every_class_is_counted_once()
    {
        Assert.Equal(Counts.Split('\n').Select(l => l.Split(' ')[0]), Model.Classes.Select(c => c.Name));
        Assert.Equal((73, 73, 862), (Model.Classes.Length, Model.Classes.Select(c => c.Name).Distinct().Count(), Model.Classes.Sum(c => c.Fields.Count(f => !f.Internal))));
    }

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}

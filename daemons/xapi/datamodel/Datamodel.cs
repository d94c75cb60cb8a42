using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The XenAPI as data: every class that is declared, from which the server derives the rest.</summary>
public static class Datamodel
{
    /// <summary>The version of the database schema, which clients see as the version of the datamodel.</summary>
    public const int SchemaMajor = 5;

    public const int SchemaMinor = 909;

    public static ImmutableArray<XenClass> Classes => Table.Classes;

    /// <summary>The class of that exact name, or null.</summary>
    public static XenClass? Find(string name)
    {
        foreach (XenClass candidate in Classes)
        {
            if (candidate.Name == name)
            {
                return candidate;
            }
        }

        return null;
    }

    private static class Table
    {
        internal static readonly ImmutableArray<XenClass> Classes =
        [
            session.Info, auth.Info, subject.Info, role.Info, task.Info, @event.Info, pool.Info, pool_patch.Info, pool_update.Info, VM.Info,
            VM_metrics.Info, VM_guest_metrics.Info, VMPP.Info, VMSS.Info, VM_appliance.Info, DR_task.Info, host.Info, host_crashdump.Info,
            host_patch.Info, host_metrics.Info, host_cpu.Info, network.Info, VIF.Info, VIF_metrics.Info, PIF.Info, PIF_metrics.Info, Bond.Info,
            VLAN.Info, SM.Info, SR.Info, sr_stat.Info, probe_result.Info, LVHD.Info, VDI.Info, VBD.Info, VBD_metrics.Info, PBD.Info,
            crashdump.Info, VTPM.Info, console.Info, user.Info, data_source.Info, blob.Info, message.Info, secret.Info, tunnel.Info,
            network_sriov.Info, PCI.Info, PGPU.Info, GPU_group.Info, VGPU.Info, VGPU_type.Info, PVS_site.Info, PVS_server.Info, PVS_proxy.Info,
            PVS_cache_storage.Info, Feature.Info, SDN_controller.Info, vdi_nbd_server_info.Info, PUSB.Info, USB_group.Info, VUSB.Info,
            Cluster.Info, Cluster_host.Info, Certificate.Info, Repository.Info, Observer.Info,
            VM_group.Info, Host_driver.Info, Driver_variant.Info, Caller.Info, Rate_limit.Info, Diagnostics.Info,
        ];
    }
}

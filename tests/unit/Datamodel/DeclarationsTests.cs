using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;
using Xunit;
using Model = Toolstack.Xapi.Datamodel.Datamodel;

namespace Toolstack.Tests.DatamodelClasses;

/// <summary>What must hold over all classes, and facts about single members that no count shows.</summary>
public class DeclarationsTests
{
    [Theory]
    [InlineData("VBD", "qos_algorithm_type", "qos__algorithm_type")]
    [InlineData("VIF_metrics", "io_read_kbs", "io__read_kbs")]
    [InlineData("SR", "name_description", "name__description")]
    [InlineData("Certificate", "name", "name")]
    [InlineData("VIF", "ipv4_configuration_mode", "ipv4_configuration_mode")]
    public void Columns_join_namespaces_by_two_underscores(string type, string field, string column) =>
        Assert.Equal(column, Model.Find(type)!.Field(field)!.Column);

    [Fact]
    public void Relations_end_in_sets_of_the_class_they_come_from()
    {
        int inverses = 0;
        foreach (XenClass type in Model.Classes)
        {
            foreach (XenField field in type.Fields.Where(f => f.Inverse is not null))
            {
                (string other, string set) = field.Inverse!.Value;
                XenField end = Model.Find(other)!.Field(set)!;
                Assert.Equal((FieldShape.Ref, other + " ref"), (field.Shape, field.Type));
                Assert.Equal((type.Name + " ref set", true), (end.Type, end.IsInverse));
                inverses++;
            }
        }

        Assert.Equal(55, inverses);
    }

    [Fact]
    public void Many_to_many_relations_name_each_other()
    {
        string[] peers = [.. Model.Classes.SelectMany(c => c.Fields.Where(f => f.Peer is not null).Select(f => $"{c.Name}.{f.Name}"))];
        Assert.Equal(12, peers.Length);
        foreach (string peer in peers)
        {
            string[] names = peer.Split('.');
            (string other, string set) = Model.Find(names[0])!.Field(names[1])!.Peer!.Value;
            XenField end = Model.Find(other)!.Field(set)!;
            Assert.Equal((names[0], names[1]), end.Peer);
            Assert.Equal((FieldShape.RefSet, names[0] + " ref set", false), (end.Shape, end.Type, end.IsInverse));
        }
    }

    [Fact]
    public void Classes_outside_the_database_and_those_that_no_restart_keeps()
    {
        Assert.Equal(
            ["auth", "event", "sr_stat", "probe_result", "data_source", "message", "vdi_nbd_server_info", "Diagnostics"],
            Model.Classes.Where(c => !c.InDatabase).Select(c => c.Name));
        Assert.Equal(
            ["session", "role", "VIF_metrics", "VBD_metrics"], Model.Classes.Where(c => c.InDatabase && !c.Persistent).Select(c => c.Name));
        Assert.All(Model.Classes.Where(c => !c.InDatabase), c => Assert.Empty(ImplicitMessages.Of(c)));
    }

    [Theory]
    [InlineData("VDI", "introduce", 9)]
    [InlineData("VDI", "copy", 3)]
    [InlineData("VDI", "snapshot", 1)]
    [InlineData("SR", "create", 1)]
    [InlineData("PIF", "db_introduce", 7)]
    [InlineData("VIF", "configure_ipv4", 2)]
    [InlineData("VGPU", "create", 3)]
    [InlineData("SDN_controller", "introduce", 3)]
    [InlineData("Repository", "introduce", 1)]
    [InlineData("VBD", "plug", 0)]
    public void Trailing_parameters_may_be_missing(string type, string message, int optional)
    {
        XenMessage declared = Model.Find(type)!.Messages.Single(m => m.Name == message);
        Assert.Equal(optional, declared.Parameters.Count(p => p.Default is not null));
        Assert.All(declared.Parameters.TakeLast(optional), p => Assert.NotNull(p.Default));
    }

    [Fact]
    public void Defaults_are_spelled_as_on_the_wire()
    {
        Assert.Equal(new Value.Text("balance-slb"), Bond.Info.Messages.Single(m => m.Name == "create").Parameters[3].Default);
        Assert.Equal(new Value.Text("gre"), tunnel.Info.Messages.Single(m => m.Name == "create").Parameters[2].Default);
        Assert.Equal(new Value.Float(20), Cluster.Info.Messages.Single(m => m.Name == "pool_create").Parameters[2].Default);
        Assert.Equal(new Value.Text("balance-slb"), ValueBuilder.Build(w => Bond.Info.Field("mode")!.Write(new Bond(), w)));
        Assert.Equal("active-backup", bond_modeCodec.Info.Values[1]);
    }

    [Fact]
    public void What_was_removed_says_so()
    {
        Assert.True(ImplicitMessages.Find(VBD.Info, "get_metrics")!.Removed);
        Assert.False(ImplicitMessages.Find(VBD.Info, "get_record")!.Removed);
        Assert.True(ImplicitMessages.Find(VMPP.Info, "get_all_records")!.Removed);
        Assert.True(VDI.Info.Messages.Single(m => m.Name == "resize_online").Removed);
    }

    [Fact]
    public void Secrets_are_read_by_operators_only()
    {
        Assert.Equal(Role.PoolOperator, ImplicitMessages.Find(secret.Info, "get_value")!.Role);
        Assert.Equal(Role.PoolOperator, ImplicitMessages.Find(secret.Info, "get_all_records")!.Role);
        Assert.Equal(Role.ReadOnly, ImplicitMessages.Find(secret.Info, "get_other_config")!.Role);
    }

    [Fact]
    public void A_policy_that_runs_where_the_object_is_names_an_object_with_a_host()
    {
        foreach (XenMessage message in Model.Classes.SelectMany(c => c.Messages))
        {
            MessagePolicy policy = message.Policy;
            XenParameter? named = policy.HostArgument is { } name ? message.Parameters.Single(p => p.Name == name) : message.Parameters.FirstOrDefault();
            string subject = named is null ? "" : named.Type.Split(' ')[0];
            Assert.True(policy.Where != Where.ObjectHost || ObjectHosts.Classes.Contains(subject), message.FullName);
            Assert.True(policy.Where != Where.StorageHost || subject is "SR" or "VDI", message.FullName);
            Assert.True(policy.Where != Where.ArgumentHost || subject == "host", message.FullName);
        }
    }

    [Fact]
    public void Snapshots_of_disks_lock_the_disk_and_its_repository()
    {
        MessagePolicy policy = VDI.Info.Messages.Single(m => m.Name == "snapshot").Policy;
        Assert.Equal(Where.StorageHost, policy.Where);
        Assert.Equal([("vdi_snapshot", "SR"), ("snapshot", null)], policy.Locks.Select(l => (l.Operation, l.Of)));
    }
}

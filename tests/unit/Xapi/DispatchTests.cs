using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Access;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Sessions;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class DispatchTests
{
    private static readonly MessageTable Table = new(Datamodel.Classes);

    [Theory]
    [InlineData("VM.start", "VM.start")]
    [InlineData("VM_start", "VM.start")]
    [InlineData("VM_metrics.get_record", "VM_metrics.get_record")]
    [InlineData("VM_metrics_get_record", "VM_metrics.get_record")]
    [InlineData("host_metrics.get_live", "host_metrics.get_live")]
    [InlineData("pool.get_all_records", "pool.get_all_records")]
    [InlineData("VM.add_to_other_config", "VM.add_to_other_config")]
    public void NamesAreFound(string name, string full) => Assert.Equal(full, Table.Find(name)?.FullName);

    [Theory]
    [InlineData("VM")]
    [InlineData("VM.")]
    [InlineData("vm.start")]
    [InlineData("VM-start")]
    [InlineData("VM.set_uuid")]
    [InlineData("session.get_all")]
    [InlineData("logout")]
    public void NamesThatAreNoneAreNotFound(string name) => Assert.Null(Table.Find(name));

    [Theory]
    [InlineData("Async.VM.start", "VM.start", "Async")]
    [InlineData("InternalAsync.VM.start", "VM.start", "InternalAsync")]
    [InlineData("VM.start", "VM.start", "Sync")]
    public void PrefixesAreTakenOff(string method, string name, string mode)
    {
        MethodName parsed = MethodName.Parse(method);
        Assert.Equal((name, mode), (parsed.Name, parsed.Mode.ToString()));
    }

    [Theory]
    [InlineData("VM.start", 2, "3", "1")]
    [InlineData("VM.start", 5, "3", "4")]
    [InlineData("VM.get_record", 0, "1", "-1")]
    [InlineData("session.login_with_password", 1, "2", "1")]
    public void WrongNumbersOfArgumentsAreNamed(string method, int given, string expected, string received)
    {
        XenApiError error = Assert.Throws<XenApiError>(() => Arity.Check(Table.Find(method)!, Arguments(given)));
        Assert.Equal("MESSAGE_PARAMETER_COUNT_MISMATCH", error.Code);
        Assert.Equal([method, expected, received], error.Parameters);
    }

    [Fact]
    public void MissingTrailingArgumentsHaveTheirDefaults()
    {
        ImmutableArray<Value> arguments = Arity.Check(Table.Find("session.login_with_password")!, Arguments(2));
        Assert.Equal(["0", "1", "1.1", ""], arguments.Select(a => a.AsString()));
    }

    [Fact]
    public void SurplusArgumentsAreIgnoredOnlyAfterDefaults() =>
        Assert.Equal(4, Arity.Check(Table.Find("session.login_with_password")!, Arguments(6)).Length);

    [Fact]
    public void RolesAreChecked()
    {
        MessageEntry entry = Table.Find("VM.start")!;
        SessionInfo session = SessionInfo.None with { Permissions = ["vm.start"] };
        RoleCheck.Assert(session, entry, []);
        XenApiError error = Assert.Throws<XenApiError>(() => RoleCheck.Assert(SessionInfo.None, entry, []));
        Assert.Equal("RBAC_PERMISSION_DENIED", error.Code);
        Assert.Equal("vm.start", error.Parameters[0]);
        Assert.StartsWith("No permission in user session. (Roles with this permission: pool-admin, ", error.Parameters[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("VM.add_to_other_config", "folder", "vm.add_to_other_config/key:folder", true)]
    [InlineData("VM.add_to_other_config", "XenCenter.CustomFields.owner", "vm.add_to_other_config/key:xencenter.customfields.*", true)]
    [InlineData("VM.remove_from_other_config", "pci", "vm.remove_from_other_config/key:pci", false)]
    [InlineData("VM.add_to_other_config", "else", "vm.add_to_other_config", false)]
    [InlineData("VM.set_other_config", "folder", "vm.set_other_config", false)]
    public void GuardedKeysHavePermissionsOfTheirOwn(string method, string key, string permission, bool operatorMay)
    {
        MessageEntry entry = Table.Find(method)!;
        ImmutableArray<Value> arguments = [new Value.Text("ref"), new Value.Text(key), new Value.Text("x")];
        Assert.Equal(permission, Permissions.Of(entry, arguments).Name);
        SessionInfo session = SessionInfo.None with { Permissions = RoleDirectory.Instance.Value.PermissionsOf([RoleDirectory.RefOf("vm-operator")]) };
        if (operatorMay)
        {
            RoleCheck.Assert(session, entry, arguments);
        }
        else
        {
            Assert.Equal(permission, Assert.Throws<XenApiError>(() => RoleCheck.Assert(session, entry, arguments)).Parameters[0]);
        }
    }

    /// <summary>Each role against each message: what the declaration says is what the check does.</summary>
    [Fact]
    public void EveryMessageIsOpenToItsRolesOnly()
    {
        foreach (Role role in Roles.All)
        {
            SessionInfo session = SessionInfo.None with { Permissions = RoleDirectory.Instance.Value.PermissionsOf([RoleDirectory.RefOf(Roles.Name(role))]) };
            foreach (string name in Datamodel.Classes.SelectMany(c => c.Messages.Select(m => m.FullName).Concat(ImplicitMessages.Of(c).Select(m => m.FullName))))
            {
                MessageEntry entry = Table.Find(name)!;
                bool allowed = Roles.Allowed(entry.Role, entry.Also).Contains(role);
                Assert.True(allowed == session.May(Permissions.Of(entry, []).Name), $"{role} {name}");
            }
        }
    }

    [Fact]
    public void RolesAndPermissionsFindEachOther()
    {
        RoleDirectory directory = RoleDirectory.Instance.Value;
        Ref<role> admin = RoleDirectory.RefOf("pool-admin");
        Assert.Equal("OpaqueRef:0165f154-ba3e-034e-6b27-5d271af109ba", admin.Text);
        Ref<role> start = RoleDirectory.RefOf("vm.start");
        Assert.Contains(start, directory.PermissionsOf(admin));
        Assert.Equal([start], directory.PermissionsOf(start));
        Assert.Equal(
            ["pool-admin", "pool-operator", "vm-power-admin", "vm-admin", "vm-operator"], directory.Holding(start).Select(directory.NameOf));
        Assert.Equal(directory.Rows.Count, directory.Rows.Select(r => r.Row.Uuid).Distinct().Count());
    }

    [Fact]
    public void MapsRefuseAnotherValueForAKey()
    {
        XenField field = task.Info.Field("other_config")!;
        XenObject row = new task { uuid = "u" };
        ImmutableArray<Value> Add(string value) => [new Value.Text("ref"), new Value.Text("k"), new Value.Text(value)];
        XenObject once = FieldChange.Apply(task.Info, "ref", row, field, ImplicitKind.AddToField, Add("v"));
        Assert.Equal("v", ((task)once).other_config["k"]);
        Assert.Equal("v", ((task)FieldChange.Apply(task.Info, "ref", once, field, ImplicitKind.AddToField, Add("v"))).other_config["k"]);
        XenApiError error = Assert.Throws<XenApiError>(() => FieldChange.Apply(task.Info, "ref", once, field, ImplicitKind.AddToField, Add("w")));
        Assert.Equal("MAP_DUPLICATE_KEY", error.Code);
        Assert.Equal(["task", "other_config", "ref", "k"], error.Parameters);
        XenObject none = FieldChange.Apply(task.Info, "ref", once, field, ImplicitKind.RemoveFromField, [new Value.Text("ref"), new Value.Text("absent")]);
        Assert.Single(((task)none).other_config);
    }

    [Fact]
    public void PasswordsMatchOnlyThemselves()
    {
        PasswordHash hash = PasswordHash.Parse(PasswordHash.Create("secret").ToString())!;
        Assert.True(hash.Matches("secret"));
        Assert.False(hash.Matches("Secret"));
        Assert.False(PasswordHash.Unmatchable.Matches(""));
        Assert.Null(PasswordHash.Parse("plain"));
        Assert.Null(PasswordHash.Parse("pbkdf2-sha256:0:AAAA:AAAA"));
    }

    private static ImmutableArray<Value> Arguments(int count) => [.. Enumerable.Range(0, count).Select(i => (Value)new Value.Text(i.ToString()))];
}

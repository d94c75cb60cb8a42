using System.Collections.Immutable;
using System.Text.Json;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;
using Model = Toolstack.Xapi.Datamodel.Datamodel;

namespace Toolstack.Tests.DatamodelClasses;

public class DatamodelTests
{
    [Fact]
    public void Types_are_spelled_as_in_the_description()
    {
        Assert.Equal("(string -> enum vm_operations) map", VM.Info.Field("current_operations")!.Type);
        Assert.Equal("(enum vm_operations -> string) map", VM.Info.Field("blocked_operations")!.Type);
        Assert.Equal("VBD ref set", VM.Info.Field("VBDs")!.Type);
        Assert.Equal("(int -> float) map", VM_metrics.Info.Field("VCPUs_utilisation")!.Type);
        Assert.Equal("<class> record", @event.Info.Field("snapshot")!.Type);
        Assert.Equal("an event batch", @event.Info.Messages.Single(m => m.Name == "from").Result);
        Assert.Equal("VM record", VM.Info.Messages.Single(m => m.Name == "create").Parameters[0].Type);
    }

    [Fact]
    public void Columns_and_relations_are_the_databases()
    {
        Assert.Equal("VCPUs__at_startup", VM.Info.Field("VCPUs_at_startup")!.Column);
        Assert.Equal("name_label", pool.Info.Field("name_label")!.Column);
        Assert.Equal(("host", "resident_VMs"), VM.Info.Field("resident_on")!.Inverse);
        Assert.True(host.Info.Field("resident_VMs")!.IsInverse);
        Assert.True(session.Info.Field("tasks")!.IsInverse);
        Assert.True(task.Info.Field("session")!.Internal);
    }

    [Fact]
    public void Migration_says_where_it_runs_and_what_it_locks()
    {
        MessagePolicy policy = VM.Info.Messages.Single(m => m.Name == "pool_migrate").Policy;
        Assert.Equal(Where.ResidentHost, policy.Where);
        Assert.Equal((0, "pool_migrate"), (policy.Locks.Single().Argument, policy.Locks.Single().Operation));
        Assert.Equal(new ReservePolicy(1, "vm_migrate"), policy.Reserve);
        Assert.Contains("pool_migrate", VM.Info.Messages.Single(m => m.Name == "hard_shutdown").Policy.Locks.Single().Cancels);
    }

    [Theory]
    [InlineData("VM", "get_record", ImplicitKind.GetRecord, "VM record", Role.ReadOnly)]
    [InlineData("VM", "get_by_name_label", ImplicitKind.GetByNameLabel, "VM ref set", Role.ReadOnly)]
    [InlineData("VM", "get_all_records_where", ImplicitKind.GetAllRecordsWhere, "(VM ref -> VM record) map", Role.ReadOnly)]
    [InlineData("VM", "set_name_label", ImplicitKind.SetField, "void", Role.VmAdmin)]
    [InlineData("VM", "add_to_other_config", ImplicitKind.AddToField, "void", Role.VmAdmin)]
    [InlineData("VM", "remove_from_other_config", ImplicitKind.RemoveFromField, "void", Role.VmAdmin)]
    [InlineData("VM", "add_tags", ImplicitKind.AddField, "void", Role.VmOperator)]
    [InlineData("VM", "get_VBDs", ImplicitKind.GetField, "VBD ref set", Role.ReadOnly)]
    public void Implicit_messages_follow_from_the_class(string type, string name, ImplicitKind kind, string result, Role role)
    {
        ImplicitMessage message = ImplicitMessages.Find(Model.Find(type)!, name)!;
        Assert.Equal((kind, result, role), (message.Kind, message.Result, message.Role));
    }

    [Theory]
    [InlineData("VM", "set_power_state")]
    [InlineData("VM", "create")]
    [InlineData("VM", "set_domain_type")]
    [InlineData("session", "get_all")]
    [InlineData("event", "get_record")]
    [InlineData("pool", "get_by_name_label")]
    [InlineData("task", "get_session")]
    [InlineData("host", "set_resident_VMs")]
    public void Others_are_not_implicit(string type, string name) => Assert.Null(ImplicitMessages.Find(Model.Find(type)!, name));

    [Fact]
    public void Rows_are_written_and_changed_field_by_field()
    {
        foreach (XenClass type in Model.Classes)
        {
            XenObject row = type.Blank;
            foreach (XenField field in type.Fields)
            {
                row = field.With(row, ValueBuilder.Build(w => field.Write(row, w)));
            }

            Value.Struct record = ValueBuilder.Build(w => type.WriteRecord(row, w)).AsStruct();
            Assert.Equal(type.Fields.Where(f => !f.Internal).Select(f => f.Name), record.Members.Select(m => m.Key));
        }

        XenObject vm = VM.Info.Field("power_state")!.With(new VM(), new Value.Text("RUNNING"));
        Assert.Equal(vm_power_state.Running, ((VM)vm).power_state);
        Assert.Throws<ValueFormatException>(() => VM.Info.Field("power_state")!.With(new VM(), new Value.Text("Gone")));
    }

    [Fact]
    public async Task Messages_decode_their_arguments_and_raise_what_is_not_implemented()
    {
        XenMessage start = VM.Info.Messages.Single(m => m.Name == "start");
        Starter starter = new();
        MessageResult result = await start.Invoke(starter, new NoCall(), [new Value.Text("OpaqueRef:1"), new Value.Bool(true), new Value.Bool(false)]);
        Assert.Equal(new Value.Text(""), ValueBuilder.Build(result.Write));
        Assert.Equal(("OpaqueRef:1", true, false), starter.Seen);

        XenApiError wrong = await Assert.ThrowsAsync<XenApiError>(() => start.Invoke(starter, new NoCall(), [new Value.Text("r"), new Value.Text("yes"), new Value.Bool(false)]).AsTask());
        Assert.Equal("INTERNAL_ERROR", wrong.Code);
        XenMessage pause = VM.Info.Messages.Single(m => m.Name == "pause");
        XenApiError missing = await Assert.ThrowsAsync<XenApiError>(() => pause.Invoke(starter, new NoCall(), [new Value.Text("r")]).AsTask());
        Assert.Equal(("NOT_IMPLEMENTED", "VM.pause"), (missing.Code, missing.Parameters.Single()));
    }

    [Fact]
    public async Task The_client_sends_what_the_server_decodes()
    {
        Transport transport = new();
        await new VMClient(transport, "OpaqueRef:s").pool_migrate(
            new Ref<VM>("OpaqueRef:v"), new Ref<host>("OpaqueRef:h"), ImmutableSortedDictionary<string, string>.Empty.Add("live", "true"), default);
        Assert.Equal("VM.pool_migrate OpaqueRef:s OpaqueRef:v OpaqueRef:h live", transport.Seen);
    }

    [Fact]
    public void Missing_arguments_have_their_defaults()
    {
        XenMessage login = session.Info.Messages.Single(m => m.Name == "login_with_password");
        Assert.False(login.Session);
        Assert.Equal([null, null, new Value.Text("1.1"), new Value.Text("")], login.Parameters.Select(p => p.Default));
    }

    [Fact]
    public void A_constructor_needs_the_fields_without_default()
    {
        Value.Struct record = new([.. VM.Info.Fields.Where(f => f.Qualifier != Qualifier.DynamicRO && !f.HasDefault)
            .Select(f => new KeyValuePair<string, Value>(f.Name, ValueBuilder.Build(w => f.Write(new VM(), w))))]);
        Assert.Equal(4, ((VM)VM.Info.ReadConstructor(new Value.Struct(record.Members.Add(new("start_delay", new Value.Text("4")))))).start_delay);
        Assert.Throws<ValueFormatException>(() => VM.Info.ReadConstructor(new Value.Struct(record.Members.RemoveAt(0))));
    }

    [Fact]
    public void The_catalogue_has_every_code()
    {
        Assert.Equal(603, ErrorCatalogue.All.Length);
        Assert.Equal(603, ErrorCatalogue.All.Select(e => e.Name).Distinct().Count());
        Assert.Equal(["vm", "expected", "actual"], ErrorCatalogue.Find(Errors.VM_BAD_POWER_STATE)!.Parameters);
        Assert.Contains("driver variant", ErrorCatalogue.All.SelectMany(e => e.Parameters));
    }

    [Fact]
    public void The_description_lists_classes_with_roles_and_defaults()
    {
        using MemoryStream output = new();
        using (Utf8JsonWriter json = new(output))
        {
            Describe.Write(json, Model.Classes, ErrorCatalogue.All.Select(e => (e.Name, e.Parameters)));
        }

        using JsonDocument document = JsonDocument.Parse(output.ToArray());
        JsonElement classes = document.RootElement.GetProperty("classes");
        Assert.Equal(73, classes.GetArrayLength());
        JsonElement messages = classes.EnumerateArray().Single(c => c.GetProperty("name").GetString() == "VM").GetProperty("messages");
        JsonElement start = messages.EnumerateArray().Single(m => m.GetProperty("name").GetString() == "start");
        Assert.Equal("session_id", start.GetProperty("params")[0].GetProperty("name").GetString());
        Assert.Equal(
            ["pool-admin", "pool-operator", "vm-power-admin", "vm-admin", "vm-operator"], start.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
    }

    private sealed class Starter : VMMessages
    {
        public (string, bool, bool) Seen { get; private set; }

        public override Task start(Call call, Ref<VM> vm, bool start_paused, bool force)
        {
            Seen = (vm.Text, start_paused, force);
            return Task.CompletedTask;
        }
    }

    private sealed class NoCall : Call
    {
        public override string SessionRef => "";

        public override string TaskRef => "";

        public override CancellationToken Cancellation => default;
    }

    private sealed class Transport : IXenApiTransport
    {
        public string Seen { get; private set; } = "";

        public Task<Value> CallAsync(string method, ImmutableArray<Value> arguments, CancellationToken cancellation)
        {
            Seen = method + " " + string.Join(" ", arguments.Select(a => a is Value.Struct s ? string.Join(",", s.Members.Select(m => m.Key)) : a.AsString()));
            return Task.FromResult(Value.Empty);
        }
    }
}

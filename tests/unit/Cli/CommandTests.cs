using System.Collections.Immutable;
using Toolstack.Cli;
using Toolstack.Idl;
using Xunit;

namespace Toolstack.Tests.Cli;

/// <summary>What commands ask of XenAPI and how they print it, as scripts around the original command line expect.</summary>
public sealed class CommandTests
{
    private const string Uuid1 = "11111111-0000-0000-0000-000000000001";
    private const string Uuid2 = "22222222-0000-0000-0000-000000000002";

    private readonly FakeXapi xapi = new();
    private readonly PrintedTerminal terminal = new();

    public CommandTests()
    {
        AddVm("OpaqueRef:1", Uuid1, "one", "Running");
        AddVm("OpaqueRef:2", Uuid2, "two, too", "Halted");
        AddVm("OpaqueRef:t", "33333333-0000-0000-0000-000000000003", "template", "Halted", template: true);
        AddVm("OpaqueRef:0", "66666666-0000-0000-0000-000000000006", "Control domain on host: alpha", "Running", control: true);
        xapi.Add("message", "OpaqueRef:m", ("uuid", Text("77777777-0000-0000-0000-000000000007")), ("name", Text("hello")), ("body", Text("world")));
        xapi.Add("host", "OpaqueRef:h", ("uuid", Text("44444444-0000-0000-0000-000000000004")), ("name_label", Text("alpha")), ("name_description", Text("")));
        xapi.Add("VBD", "OpaqueRef:d", ("uuid", Text("55555555-0000-0000-0000-000000000005")), ("VM", Text("OpaqueRef:1")), ("VDI", Text("OpaqueRef:NULL")),
            ("empty", new Value.Bool(true)), ("device", Text("xvdd")));
    }

    [Fact]
    public async Task A_list_is_one_block_for_each_object_with_the_access_of_its_fields()
    {
        Assert.Equal(0, await RunAsync("vm-list", "uuid=" + Uuid1));
        Assert.Equal(
            $"uuid ( RO)           : {Uuid1}\n     name-label ( RW): one\n    power-state ( RO): running\n\n", Assert.Single(terminal.Printed));
    }

    [Fact]
    public async Task A_minimal_list_is_the_first_field_on_one_line_with_commas_escaped()
    {
        await RunAsync("vm-list", "params=name-label", "--minimal");
        Assert.Equal(["one,two\\, too,Control domain on host: alpha"], terminal.Printed);
    }

    [Fact]
    public async Task Templates_are_no_vms_but_can_be_listed_as_what_they_are()
    {
        await RunAsync("template-list", "params=name-label", "minimal=true");
        Assert.Equal(["template"], terminal.Printed);
    }

    [Fact]
    public async Task Objects_between_others_show_both_ends_by_uuid_and_name()
    {
        await RunAsync("vbd-list", "params=vm-uuid,vm-name-label,vdi-uuid,empty");
        Assert.Equal(
            $"vm-uuid ( RO)          : {Uuid1}\n    vm-name-label ( RO): one\n         vdi-uuid ( RO): <not in database>\n            empty ( RO): true\n\n",
            Assert.Single(terminal.Printed));
    }

    [Theory]
    [InlineData("vm-list power-state=halted params=uuid --minimal", Uuid2)]
    [InlineData("vm-list other-config:colour=red params=uuid --minimal", Uuid1)]
    [InlineData("vm-list is-control-domain=false params=uuid --minimal", Uuid1 + "," + Uuid2)]
    [InlineData("message-list params=name --minimal", "hello")]
    [InlineData("message-param-get uuid=77777777-0000-0000-0000-000000000007 param-name=body", "world")]
    [InlineData("vm-param-get uuid=" + Uuid1 + " param-name=other-config param-key=colour", "red")]
    [InlineData("vm-param-get uuid=" + Uuid1 + " param-name=other-config", "colour: red")]
    [InlineData("vm-param-get uuid=" + Uuid1 + " param-name=resident-on", "44444444-0000-0000-0000-000000000004")]
    public async Task A_question_has_this_answer(string line, string expected)
    {
        Assert.Equal(0, await RunAsync(line.Split(' ')));
        Assert.Equal([expected], terminal.Printed);
    }

    [Theory]
    [InlineData("vm-param-set uuid=" + Uuid1 + " name-label=new", "VM.set_name_label(OpaqueRef:1, new)")]
    [InlineData("vm-param-set uuid=" + Uuid1 + " is-a-template=true", "VM.set_is_a_template(OpaqueRef:1, true)")]
    [InlineData("vm-param-set uuid=" + Uuid1 + " affinity=alpha", "VM.set_affinity(OpaqueRef:1, OpaqueRef:h)")]
    [InlineData("vm-param-set uuid=" + Uuid1 + " other-config:a=b", "VM.remove_from_other_config(OpaqueRef:1, a)", "VM.add_to_other_config(OpaqueRef:1, a, b)")]
    [InlineData("vm-param-add uuid=" + Uuid1 + " param-name=tags param-key=blue", "VM.add_tags(OpaqueRef:1, blue)")]
    [InlineData("vm-param-add uuid=" + Uuid1 + " param-name=other-config x=y", "VM.add_to_other_config(OpaqueRef:1, x, y)")]
    [InlineData("vm-param-remove uuid=" + Uuid1 + " param-name=other-config param-key=x", "VM.remove_from_other_config(OpaqueRef:1, x)")]
    [InlineData("vm-param-clear uuid=" + Uuid1 + " param-name=tags", "VM.set_tags(OpaqueRef:1, [])")]
    [InlineData("vm-param-clear uuid=" + Uuid1 + " param-name=affinity", "VM.set_affinity(OpaqueRef:1, OpaqueRef:NULL)")]
    [InlineData("message-destroy uuid=77777777-0000-0000-0000-000000000007", "message.destroy(OpaqueRef:m)")]
    [InlineData("message-create name=n priority=3 body=b host-uuid=x", "message.create(n, 3, Host, x, b)")]
    public async Task A_command_calls_these_messages(string line, params string[] calls)
    {
        Assert.Equal(0, await RunAsync(line.Split(' ')));
        Assert.Equal(calls, xapi.Calls);
    }

    [Fact]
    public async Task A_long_operation_is_a_task_that_is_followed_and_destroyed()
    {
        var looks = new Queue<(string Status, double Progress)>([("pending", 0.25), ("success", 1)]);
        xapi.Answers["Async.VM.pool_migrate"] = _ => Text("OpaqueRef:task");
        xapi.Answers["task.get_record"] = _ =>
        {
            var (status, progress) = looks.Dequeue();
            return new Value.Struct([new("status", Text(status)), new("progress", new Value.Float(progress)), new("result", Text("")), new("error_info", new Value.Array([]))]);
        };
        xapi.Answers["event.from"] = _ => new Value.Struct([new("token", Text("1,1"))]);
        var status = await RunAsync("vm-migrate", "vm=one", "host=alpha", "live=true");
        Assert.Equal((0, ""), (status, terminal.Errors));
        Assert.Equal("Async.VM.pool_migrate(OpaqueRef:1, OpaqueRef:h, {live=true})", xapi.Calls[0]);
        Assert.Equal("task.destroy(OpaqueRef:task)", xapi.Calls[^1]);
        Assert.Equal([0.25, 1], terminal.Progress);
    }

    [Fact]
    public async Task A_task_that_failed_is_the_error_of_the_command()
    {
        xapi.Answers["Async.VM.start"] = _ => Text("OpaqueRef:task");
        xapi.Answers["task.get_record"] = _ => new Value.Struct(
            [new("status", Text("failure")), new("error_info", new Value.Array([Text("VM_BAD_POWER_STATE"), Text("OpaqueRef:1"), Text("halted"), Text("running")]))]);
        Assert.Equal(1, await RunAsync("vm-start", "vm=one"));
        Assert.StartsWith($"Error code: VM_BAD_POWER_STATE\nvm: {Uuid1} (one)\n", terminal.Errors, StringComparison.Ordinal);
        Assert.Contains(": running\n", terminal.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vm-nonsense", "Unknown command: vm-nonsense")]
    [InlineData("vm-param-get uuid=" + Uuid1, "Required parameter not found: param-name")]
    [InlineData("vm-pause vm=nobody", "No matching vms found")]
    [InlineData("vm-pause power-state=halted power-state=running", "No matching vms found")]
    [InlineData("vm-list nonsense=1", "Unknown field: nonsense")]
    [InlineData("vm-param-set uuid=" + Uuid1 + " power-state=running", "The field power-state is read-only")]
    [InlineData("message-create name=n priority=3 body=b", "Required parameter not found: vm-uuid or host-uuid")]
    [InlineData("vm-param-set uuid=" + Uuid1 + " is-a-template=maybe", "Syntax error: is-a-template=maybe")]
    public async Task A_wrong_line_is_refused_with_what_is_wrong(string line, string complaint)
    {
        Assert.Equal(1, await RunAsync(line.Split(' ')));
        Assert.StartsWith(complaint, terminal.Errors, StringComparison.Ordinal);
        Assert.EndsWith("For usage run: 'xe help'\n", terminal.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_objects_need_consent()
    {
        // The control domain is never meant.
        Assert.Equal(1, await RunAsync("vm-pause", "is-a-template=false"));
        Assert.StartsWith("Multiple matches (2) found. --multiple required", terminal.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_command_and_every_message_it_names_exists()
    {
        Assert.True(await RunAsync("help", "--all", "--minimal") == 0);
        var names = Assert.Single(terminal.Printed).Split(',');
        Assert.Contains("vm-start", names);
        Assert.Contains("pvs-site-param-list", names);
        Assert.True(names.Length > 450, $"{names.Length} commands");
    }

    /// <summary>Only those have none that XenAPI cannot list: they have no get_all.</summary>
    [Fact]
    public async Task Every_class_of_the_datamodel_has_its_commands()
    {
        Assert.True(await RunAsync("help", "--all", "--minimal") == 0);
        var names = Assert.Single(terminal.Printed).Split(',').ToHashSet(StringComparer.Ordinal);
        string[] without = [.. Toolstack.Xapi.Datamodel.Datamodel.Classes.Where(static c => !c.Removed && c.InDatabase && c.Field("uuid") is not null)
            .Select(static c => c.Name switch { "VM_appliance" => "appliance", "pool_patch" => "patch", "pool_update" => "update", var name => name.Replace('_', '-').ToLowerInvariant() })
            .Where(word => !new[] { "list", "param-list", "param-get", "param-set", "param-add", "param-remove", "param-clear" }.All(suffix => names.Contains($"{word}-{suffix}")))];
        Assert.Equal(["session", "lvhd", "user"], without);
    }

    [Theory]
    [InlineData("vm-mig", "vm-migrate")]
    [InlineData("vm-migrate ho", "host-uuid=", "host=")]
    [InlineData("vm-list params=power", "params=power-state")]
    [InlineData("event-wait class=pb", "class=pbd")]
    public void A_shell_completes(string line, params string[] expected) => Assert.Equal(expected, Completion.Of(line.Split(' ')));

    private static Value.Text Text(string text) => new(text);

    private Task<int> RunAsync(params string[] words) => CliRunner.RunAsync(CliArguments.Parse(words), xapi, terminal, CancellationToken.None);

    private void AddVm(string reference, string uuid, string name, string state, bool template = false, bool control = false) => xapi.Add("VM", reference,
        ("uuid", Text(uuid)), ("name_label", Text(name)), ("name_description", Text("")), ("power_state", Text(state)),
        ("is_a_template", new Value.Bool(template)), ("is_a_snapshot", new Value.Bool(false)), ("is_control_domain", new Value.Bool(control)),
        ("resident_on", Text("OpaqueRef:h")), ("affinity", Text("OpaqueRef:NULL")), ("tags", new Value.Array([])),
        ("other_config", new Value.Struct(uuid == Uuid1 ? [new("colour", Text("red"))] : ImmutableArray<KeyValuePair<string, Value>>.Empty)));
}

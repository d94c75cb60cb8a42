using System.Collections.Immutable;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Idl.Queue;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Server;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The interface as a table: every method of the xenops protocol by its wire's name with its parameters by theirs, in both encodings.</summary>
public sealed class InterfaceTests
{
    private const string Nothing = """{"debug_info":"d","unit?":null}""";
    private const string OfVm = """{"debug_info":"d","id":"VM"}""";
    private const string OfVbd = """{"debug_info":"d","id":["VM","xvda"]}""";
    private const string OfVif = """{"debug_info":"d","id":["VM","0"]}""";
    private const string OfPci = """{"debug_info":"d","id":["VM","0000:03:00.1"]}""";
    private const string OfUsb = """{"debug_info":"d","id":["VM","usb1"]}""";
    private const string OfTask = """{"debug_info":"d","id":"7777"}""";
    private const string OfObserver = """{"dbg":"d","uuid":"u"}""";

    /// <summary>A name that ends in a question mark is that of a parameter which may be left out.</summary>
    private static readonly ImmutableArray<(string Method, string Parameters)> Table =
    [
        ("query", Nothing), ("get_diagnostics", Nothing),
        ("HOST.stat", """{"debug_info":"d"}"""), ("HOST.get_console_data", """{"debug_info":"d"}"""), ("HOST.get_total_memory_mib", """{"debug_info":"d"}"""),
        ("HOST.send_debug_keys", """{"debug_info":"d","debug_keys":"h"}"""), ("HOST.set_worker_pool_size", """{"debug_info":"d","pool_size":4}"""),
        ("HOST.update_guest_agent_features", """{"debug_info":"d","features":[{"name":"f","licensed":true,"parameters":{"a":"b"}}]}"""),
        ("HOST.combine_cpu_policies", """{"debug_info":"d","policy1":"1","policy2":"1"}"""), ("HOST.is_compatible", """{"debug_info":"d","vm_policy":"1","host_policy":"1"}"""),
        ("HOST.set_numa_affinity_policy", """{"debug_info":"d","numa_affinity_policy?":"Any"}"""),
        ("VM.add", $$"""{"debug_info":"d","vm":{{JsonTests.VmText}}}"""), ("VM.exists", OfVm), ("VM.stat", OfVm), ("VM.list", Nothing),
        ("VM.generate_state_string", $$"""{"debug_info":"d","vm":{{JsonTests.VmText}}}"""), ("VM.export_metadata", OfVm),
        ("VM.import_metadata", """{"debug_info":"d","metadata":"{}"}"""), ("VM.import_metadata_async", """{"debug_info":"d","metadata":"{}"}"""),
        ("VBD.add", $$"""{"debug_info":"d","vbd":{{JsonTests.VbdText}}}"""), ("VBD.stat", OfVbd), ("VBD.list", OfVm), ("VBD.plug", OfVbd), ("VBD.eject", OfVbd),
        ("VBD.unplug", """{"debug_info":"d","id":["VM","xvda"],"force":true}"""), ("VBD.insert", """{"debug_info":"d","id":["VM","xvda"],"disk":["Local","/nothing"]}"""),
        ("VIF.add", $$"""{"debug_info":"d","vif":{{JsonTests.VifText}}}"""), ("VIF.stat", OfVif), ("VIF.list", OfVm), ("VIF.plug", OfVif),
        ("VIF.unplug", """{"debug_info":"d","id":["VM","0"],"force":false}"""), ("VIF.move", """{"debug_info":"d","id":["VM","0"],"network":["Local","xenbr2"]}"""),
        ("VIF.set_carrier", """{"debug_info":"d","id":["VM","0"],"carrier":false}"""), ("VIF.set_locking_mode", """{"debug_info":"d","id":["VM","0"],"locking_mode":"Disabled"}"""),
        ("VIF.set_ipv4_configuration", """{"debug_info":"d","id":["VM","0"],"ipv4_configuration":"DHCP4"}"""),
        ("VIF.set_ipv6_configuration", """{"debug_info":"d","id":["VM","0"],"ipv6_configuration":"Autoconf6"}"""),
        ("VIF.set_pvs_proxy", """{"debug_info":"d","id":["VM","0"],"proxy?":["s",[{"addresses":["1.2.3.4"],"first_port":1,"last_port":2}],"i"]}"""),
        ("VIF.set_trunks", """{"debug_info":"d","id":["VM","0"],"trunks":[1,2]}"""),
        ("PCI.add", $$"""{"debug_info":"d","pci":{{JsonTests.PciText}}}"""), ("PCI.stat", OfPci), ("PCI.list", OfVm),
        ("PCI.dequarantine", """{"debug_info":"d","pci_addr":{"domain":0,"bus":9,"dev":0,"fn":0}}"""),
        ("VGPU.add", $$"""{"debug_info":"d","vgpu":{{JsonTests.VgpuText}}}"""), ("VGPU.stat", OfVif), ("VGPU.list", OfVm),
        ("VUSB.add", $$"""{"debug_info":"d","vusb":{{JsonTests.VusbText}}}"""), ("VUSB.stat", OfUsb), ("VUSB.list", OfVm), ("VUSB.plug", OfUsb), ("VUSB.unplug", OfUsb),
        ("VUSB.remove", OfUsb), ("VGPU.remove", OfVif), ("PCI.remove", OfPci), ("VIF.remove", OfVif), ("VBD.remove", OfVbd),
        ("VM.pause", OfVm), ("VM.unpause", OfVm), ("VM.delay", """{"debug_info":"d","id":"VM","delay":0.0}"""), ("VM.run_script", """{"debug_info":"d","id":"VM","script":"s"}"""),
        ("VM.create", """{"debug_info":"d","id":"none"}"""), ("VM.build", """{"debug_info":"d","id":"none","force":false}"""),
        ("VM.create_device_model", """{"debug_info":"d","id":"none","save_state":false}"""), ("VM.destroy", """{"debug_info":"d","id":"none"}"""),
        ("VM.start", """{"debug_info":"d","id":"none","paused":false}"""), ("VM.shutdown", """{"debug_info":"d","id":"VM","delay?":0.0}"""),
        ("VM.reboot", """{"debug_info":"d","id":"VM","delay?":0.0}"""), ("VM.suspend", """{"debug_info":"d","id":"VM","suspend_vdi":["Local","/nothing/n"]}"""),
        ("VM.resume", """{"debug_info":"d","id":"none","suspend_vdi":["VDI","sr/vdi"]}"""), ("VM.fast_resume", OfVm), ("VM.s3suspend", OfVm), ("VM.s3resume", OfVm),
        ("VM.request_rdp", """{"debug_info":"d","id":"VM","enabled":true}"""), ("VM.set_xsdata", """{"debug_info":"d","id":"VM","xsdata":{"vm-data/a":"b"}}"""),
        ("VM.set_vcpus", """{"debug_info":"d","id":"VM","vcpus":1}"""), ("VM.set_shadow_multiplier", """{"debug_info":"d","id":"VM","multiplier":1.0}"""),
        ("VM.set_memory_dynamic_range", """{"debug_info":"d","id":"VM","minimum":16777216,"maximum":16777216}"""),
        ("VM.migrate", """
            {"debug_info":"d","id":"VM","vdi_map":{"a":"b"},"vif_map":{"0":["Local","xenbr0"]},"pci_map":{"0":{"domain":0,"bus":1,"dev":0,"fn":0}},
             "xenops_url":"http://127.0.0.1:1/services/xenops?session_id=s","compress":false,"verify_dest":false,"localhost_migration":false}
            """),
        ("UPDATES.get", """{"debug_info":"d","last_id?":0,"timeout?":0}"""), ("UPDATES.last_id", """{"debug_info":"d"}"""), ("UPDATES.refresh_vm", OfVm),
        ("UPDATES.inject_barrier", """{"debug_info":"d","vm_id":"VM","id":5}"""), ("UPDATES.remove_barrier", """{"debug_info":"d","id":5}"""),
        ("Task.stat", OfTask), ("Task.take", """{"debug_info":"d","id":"7777","timeout":0.0}"""),
        ("Task.cancel", OfTask), ("Task.destroy", OfTask), ("Task.destroy_on_finish", OfTask), ("Task.list", """{"debug_info":"d"}"""),
        ("Observer.create", """{"dbg":"d","uuid":"u","name_label":"l","dict":{"a":"b"},"endpoints":["bugtool"],"bool":false}"""), ("Observer.init", """{"dbg":"d"}"""),
        ("Observer.set_enabled", """{"dbg":"d","uuid":"u","bool":false}"""), ("Observer.set_attributes", """{"dbg":"d","uuid":"u","dict":{"c":"d"}}"""),
        ("Observer.set_endpoints", """{"dbg":"d","uuid":"u","endpoints":["bugtool"]}"""), ("Observer.destroy", OfObserver),
        ("Observer.set_trace_log_dir", """{"dbg":"d","string":"DIRECTORY"}"""), ("Observer.set_export_interval", """{"dbg":"d","float":30.0}"""),
        ("Observer.set_export_chunk_size", """{"dbg":"d","int":10}"""), ("Observer.set_max_spans", """{"dbg":"d","int":10}"""), ("Observer.set_max_traces", """{"dbg":"d","int":10}"""),
        ("Observer.set_max_depth", """{"dbg":"d","int":10}"""), ("Observer.set_max_file_size", """{"dbg":"d","int":1048576}"""),
        ("Observer.set_host_id", """{"dbg":"d","string":"h"}"""), ("Observer.set_compress_tracing_files", """{"dbg":"d","bool":false}"""),
        ("DEBUG.trigger", """{"debug_info":"d","cmd":"set-cancel-trigger","args":["never","1"]}"""), ("VM.remove", OfVm), ("DEBUG.shutdown", """{"debug_info":"d"}"""),
    ];

    [Fact]
    public void TheTableIsWhole() => Assert.Equal((106, 106), (Table.Length, Table.Select(static row => row.Method).Distinct().Count()));

    /// <summary>Each call is understood in both encodings and answered alike.</summary>
    [Fact]
    public async Task EveryMethodIsServedInBothEncodings()
    {
        await using var one = await EngineHost.StartAsync();
        await using var other = await EngineHost.StartAsync();
        var (json, packed) = (new XenopsServer(one.Service), new XenopsServer(other.Service));
        foreach (var (method, parameters) in Table)
        {
            var answer = await AskJsonAsync(json, method, Members(one, parameters));
            Assert.DoesNotContain("Unknown method", answer, StringComparison.Ordinal);
            Assert.False(answer.StartsWith("Internal_error member", StringComparison.Ordinal), $"{method}: {answer}");
            Assert.Equal((method, Tag(answer)), (method, Tag(await AskPackedAsync(packed, method, Members(other, parameters)))));
        }
    }

    /// <summary>A parameter of another name is none: each is asked for by the name it has on the wire.</summary>
    [Fact]
    public async Task EveryParameterHasItsName()
    {
        await using var host = await EngineHost.StartAsync();
        var server = new XenopsServer(host.Service);
        foreach (var (method, parameters) in Table)
        {
            var members = Members(host, parameters);
            foreach (var left in members.Where(static m => !m.Optional))
            {
                Assert.Equal(
                    (method, $"Internal_error member {left.Name} is missing"),
                    (method, await AskJsonAsync(server, method, [.. members.Where(m => m.Name != left.Name)])));
            }
        }
    }

    private static ImmutableArray<(string Name, Value Value, bool Optional)> Members(EngineHost host, string parameters)
    {
        string text = parameters.Replace("\"VM\"", $"\"{JsonTests.Vm}\"", StringComparison.Ordinal).Replace("DIRECTORY", host.In("traces"), StringComparison.Ordinal);
        return [.. JsonValueReader.Parse(Encoding.UTF8.GetBytes(text)).AsStruct().Members
            .Select(static m => (m.Key.TrimEnd('?'), m.Value, m.Key.EndsWith('?')))];
    }

    private static async Task<string> AskJsonAsync(XenopsServer server, string method, ImmutableArray<(string Name, Value Value, bool Optional)> members)
    {
        string request = JsonValueWriter.Text(w =>
        {
            w.BeginStruct(3);
            w.Member("method");
            w.String(method);
            w.Member("params");
            w.BeginArray(1);
            w.BeginStruct(members.Length);
            Write(w, members);
            w.EndStruct();
            w.EndArray();
            w.Member("id");
            w.Int(1);
            w.EndStruct();
        });
        var answer = JsonValueReader.Parse((await server.HandleAsync(Encoding.UTF8.GetBytes(request), TestContext.Current.CancellationToken)).Span).AsStruct();
        return answer.Find("error") is { } error and not Value.Nil ? Text(error) : "";
    }

    private static async Task<string> AskPackedAsync(XenopsServer server, string method, ImmutableArray<(string Name, Value Value, bool Optional)> members)
    {
        var request = QueueRequest.Write(method, members.Length, w => Write(w, members));
        return QueueReply.Parse(await server.HandleAsync(request, TestContext.Current.CancellationToken)) is { Error: { } error } ? Text(error) : "";
    }

    private static void Write(ValueWriter writer, ImmutableArray<(string Name, Value Value, bool Optional)> members)
    {
        foreach (var (name, value, _) in members)
        {
            writer.Member(name);
            writer.Dynamic(value);
        }
    }

    /// <summary>The tag of an error and what it says; empty for a success.</summary>
    private static string Tag(string answer) => answer.Split(' ')[0];

    private static string Text(Value error) => error switch
    {
        Value.Array { Items: [Value.Text tag, Value.Text text, ..] } => $"{tag.Content} {text.Content}",
        Value.Array { Items: [Value.Text tag, ..] } => tag.Content,
        _ => error.AsString(),
    };
}

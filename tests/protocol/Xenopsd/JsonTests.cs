using System.Text;
using System.Text.RegularExpressions;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Server;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The interface in the original encoding: requests and answers as literal bytes, a family of calls each (xenops protocol).</summary>
public sealed class JsonTests
{
    internal const string Vm = "12345678-1234-1234-1234-123456789abc";

    internal const string VmText = """
        {"id":"12345678-1234-1234-1234-123456789abc","name":"n","ssidref":0,"xsdata":{},"platformdata":{"pae":"true"},"bios_strings":{},"ty":["PVH",{"boot":["Direct",{"kernel":"/boot/guest","cmdline":"quiet"}],"framebuffer":true,"vncterm":true,"pci_passthrough":false}],"suppress_spurious_page_faults":false,"memory_static_max":16777216,"memory_dynamic_max":16777216,"memory_dynamic_min":16777216,"vcpu_max":2,"vcpus":1,"scheduler_params":{"priority":[256,0],"affinity":[[0,1]]},"on_crash":["Shutdown"],"on_shutdown":["Shutdown"],"on_reboot":["Start"],"on_softreboot":["Softreboot"],"pci_msitranslate":false,"pci_power_mgmt":false,"has_vendor_device":false}
        """;

    private const string HaltedText = """
        {"power_state":"Halted","domids":[],"consoles":[],"memory_target":0,"memory_actual":0,"memory_limit":0,"vcpu_target":0,"shadow_multiplier_target":1.0,"rtc_timeoffset":"","uncooperative_balloon_driver":false,"guest_agent":{},"xsdata_state":{},"pv_drivers_detected":false,"last_start_time":0.0,"hvm":false,"nomigrate":false,"nested_virt":false,"domain_type":"Domain_undefined","featureset":"","numa_optimised":false,"numa_nodes":0,"numa_node_memory":[]}
        """;

    internal const string VbdText = """
        {"id":["12345678-1234-1234-1234-123456789abc","xvda"],"position":["Xen",0,0],"mode":"ReadOnly","backend":["VDI","sr/vdi"],"ty":"CDROM","unpluggable":true,"extra_backend_keys":{"a":"b"},"extra_private_keys":{},"qos":["Ionice",["BestEffort",["Other",3]]],"persistent":true,"can_attach_early":false}
        """;

    internal const string VifText = """
        {"id":["12345678-1234-1234-1234-123456789abc","0"],"position":0,"mac":"02:00:00:00:00:01","carrier":true,"mtu":1500,"rate":[1000,50000],"backend":["Remote",["d","xenbr1"]],"other_config":{},"locking_mode":["Locked",{"ipv4":["10.0.0.1"],"ipv6":[]}],"extra_private_keys":{},"ipv4_configuration":["Static4",[["10.0.0.1/8"],["10.0.0.2"]]],"ipv6_configuration":["Static6",[["fe80::1/64"],[]]],"pvs_proxy":["s",[{"addresses":["1.2.3.4"],"first_port":1,"last_port":2}],"i"],"vlan":7,"trunks":[1,2]}
        """;

    internal const string PciText = """
        {"id":["12345678-1234-1234-1234-123456789abc","0000:03:00.1"],"position":1,"address":{"domain":0,"bus":3,"dev":0,"fn":1},"msitranslate":true}
        """;

    internal const string VgpuText = """
        {"id":["12345678-1234-1234-1234-123456789abc","0"],"position":0,"physical_pci_address":{"domain":0,"bus":4,"dev":0,"fn":0},"implementation":["MxGPU",{"vgpus_per_pgpu":4,"framebufferbytes":268435456}]}
        """;

    internal const string VusbText = """
        {"id":["12345678-1234-1234-1234-123456789abc","usb1"],"hostbus":"1","hostport":"2","version":"2.00","path":"1-2","speed":480.0}
        """;

    [Fact]
    public async Task EveryFamilySpeaksTheOriginalEncoding()
    {
        await using var host = await EngineHost.StartAsync();
        var server = new XenopsServer(host.Service);
        string key = $"""["{Vm}","xvda"]""";
        string vif = $"""["{Vm}","0"]""";
        await Expect("query", """{"debug_info":"d","unit":null}""",
            """{"name":"xenops","vendor":"XCP","version":"0.1","features":[*],"instance_id":"*"}""");
        await Expect("VM.exists", $$"""{"debug_info":"d","id":"{{Vm}}"}""", "false");
        await Refuse("VM.stat", $$"""{"debug_info":"d","id":"{{Vm}}"}""", $"""["Does_not_exist",["VM","{Vm}"]]""");
        await Expect("VM.add", $$"""{"debug_info":"d","vm":{{VmText}}}""", $"\"{Vm}\"");
        await Expect("VM.stat", $$"""{"debug_info":"d","id":"{{Vm}}"}""", $"[{VmText},{HaltedText}]");
        await Expect("VM.list", """{"debug_info":"d","unit":null}""", $"[[{VmText},{HaltedText}]]");

        await Expect("VBD.add", $$"""{"debug_info":"d","vbd":{{VbdText}}}""", key);
        await Expect("VBD.stat", $$"""{"debug_info":"d","id":{{key}}}""", $$"""[{{VbdText}},{"active":false,"plugged":false}]""");
        await Expect("VBD.list", $$"""{"debug_info":"d","id":"{{Vm}}"}""", $$"""[[{{VbdText}},{"active":false,"plugged":false}]]""");
        await Expect("VIF.add", $$"""{"debug_info":"d","vif":{{VifText}}}""", vif);
        await Expect("VIF.stat", $$"""{"debug_info":"d","id":{{vif}}}""",
            $$"""[{{VifText}},{"active":false,"plugged":false,"kthread_pid":0,"media_present":false,"pvs_rules_active":false}]""");
        await Expect("PCI.add", $$"""{"debug_info":"d","pci":{{PciText}}}""", $"""["{Vm}","0000:03:00.1"]""");
        await Expect("PCI.list", $$"""{"debug_info":"d","id":"{{Vm}}"}""", $$"""[[{{PciText}},{"plugged":false}]]""");
        await Expect("VGPU.add", $$"""{"debug_info":"d","vgpu":{{VgpuText}}}""", vif);
        await Expect("VGPU.stat", $$"""{"debug_info":"d","id":{{vif}}}""", $$"""[{{VgpuText}},{"active":false,"plugged":false}]""");
        await Expect("VUSB.add", $$"""{"debug_info":"d","vusb":{{VusbText}}}""", $"""["{Vm}","usb1"]""");
        await Expect("VUSB.list", $$"""{"debug_info":"d","id":"{{Vm}}"}""", $$"""[[{{VusbText}},{"plugged":false}]]""");
        foreach (var (family, device) in new[] { ("PCI", "0000:03:00.1"), ("VGPU", "0"), ("VUSB", "usb1"), ("VIF", "0"), ("VBD", "xvda") })
        {
            await Expect($"{family}.remove", $$"""{"debug_info":"d","id":["{{Vm}}","{{device}}"]}""", "null");
            await Refuse($"{family}.stat", $$"""{"debug_info":"d","id":["{{Vm}}","{{device}}"]}""", $"""["Does_not_exist",["{family}","{Vm}.{device}"]]""");
        }

        await Expect("HOST.combine_cpu_policies", """{"debug_info":"d","policy1":"0000000f","policy2":"00000003"}""", "\"00000003\"");
        await Expect("HOST.is_compatible", """{"debug_info":"d","vm_policy":"1","host_policy":"2"}""", "false");
        await Expect("HOST.set_worker_pool_size", """{"debug_info":"d","pool_size":3}""", "null");
        await Refuse("HOST.set_worker_pool_size", """{"debug_info":"d","pool_size":0}""", """["Internal_error","*"]""");
        await Expect("HOST.set_numa_affinity_policy", """{"debug_info":"d"}""", "null");
        await Expect("UPDATES.inject_barrier", $$"""{"debug_info":"d","vm_id":"{{Vm}}","id":5}""", "null");
        await Expect("UPDATES.get", """{"debug_info":"d","last_id":0,"timeout":0}""", $$"""[[[5,[["Vm","{{Vm}}"]]]],[["Vm","{{Vm}}"]],*]""");
        await Expect("UPDATES.remove_barrier", """{"debug_info":"d","id":5}""", "null");
        await Expect("DEBUG.trigger", """{"debug_info":"d","cmd":"set-cancel-trigger","args":["soon","1"]}""", "null");
        await Refuse("DEBUG.trigger", """{"debug_info":"d","cmd":"jump","args":[]}""", """["Unimplemented","DEBUG.trigger jump"]""");
        await Expect("Observer.create", """{"dbg":"d","uuid":"u","name_label":"l","dict":{"a":"b"},"endpoints":["bugtool"],"bool":false}""", "null");
        await Expect("Observer.set_max_spans", """{"dbg":"d","int":7}""", "null");
        await Refuse("Observer.set_enabled", """{"dbg":"d","uuid":"w","bool":true}""", """["Does_not_exist",["observer","w"]]""");

        // A task: its end is an event, its failure the error's own encoding.
        await Expect("VM.set_vcpus", $$"""{"debug_info":"d","id":"{{Vm}}","vcpus":9}""", "\"0\"");
        await host.WaitAsync("0");
        await Expect("Task.stat", """{"debug_info":"d","id":"0"}""",
            """{"id":"0","dbg":"d","ctime":*,"state":["Failed",["Invalid_vcpus",2]],"subtasks":{},"debug_info":{"cancel_points_seen":"1"},"backtrace":"()","cancellable":false}""");
        await Expect("VM.pause", $$"""{"debug_info":"soon","id":"{{Vm}}"}""", "\"1\"");
        await host.WaitAsync("1");
        await Expect("VM.delay", $$"""{"debug_info":"d","id":"{{Vm}}","delay":0}""", "\"2\"");
        await host.WaitAsync("2");
        await Expect("Task.stat", """{"debug_info":"d","id":"2"}""",
            """{"id":"2","dbg":"d","ctime":*,"state":["Completed",{"duration":*}],"subtasks":{},"debug_info":{"cancel_points_seen":"1"},"backtrace":"()","cancellable":false}""");
        await Expect("Task.destroy", """{"debug_info":"d","id":"2"}""", "null");
        await Refuse("Task.stat", """{"debug_info":"d","id":"2"}""", """["Does_not_exist",["task","2"]]""");
        await Refuse("VM.nothing", """{"debug_info":"d"}""", """["Internal_error","*"]""");
        await Refuse("VM.stat", """{"debug_info":"d"}""", """["Internal_error","*"]""");
        await Expect("VM.remove", $$"""{"debug_info":"d","id":"{{Vm}}"}""", "null");
        return;

        Task Expect(string method, string parameters, string result) => Ask(method, parameters, $$"""{"result":{{result}},"error":null,"id":0}""");

        Task Refuse(string method, string parameters, string error) => Ask(method, parameters, $$"""{"result":null,"error":{{error}},"id":0}""");

        async Task Ask(string method, string parameters, string reply)
        {
            byte[] request = Encoding.UTF8.GetBytes($$"""{"method":"{{method}}","params":[{{parameters}}],"id":7}""");
            string answer = Encoding.UTF8.GetString((await server.HandleAsync(request, TestContext.Current.CancellationToken)).Span);
            string pattern = "^" + Regex.Escape(reply).Replace("\\*", ".*", StringComparison.Ordinal) + "$";
            Assert.True(Regex.IsMatch(answer, pattern), $"{method}\nexpected {reply}\nfound    {answer}");
        }
    }

    [Theory]
    [InlineData("""{"method":"query","params":["d",null],"id":3}""", """{"method":"query","params":[{"debug_info":"d","unit":null}],"id":0}""")]
    [InlineData("""{"method":"VM.import_metadata","params":["d","m"],"id":3}""", """{"method":"VM.import_metadata","params":[{"debug_info":"d","metadata":"m"}],"id":0}""")]
    [InlineData("""{"method":"VM.stat","params":["d","m"],"id":3}""", """{"method":"VM.stat","params":["d","m"],"id":3}""")]
    [InlineData("""{"method":"query","params":[{"debug_info":"d"}],"id":3}""", """{"method":"query","params":[{"debug_info":"d"}],"id":3}""")]
    [InlineData("{no json", "{no json")]
    [InlineData("", "")]
    public void OldCallsGetNamesForTheirParameters(string request, string upgraded) =>
        Assert.Equal(upgraded, Encoding.UTF8.GetString(LegacyCalls.Upgrade(Encoding.UTF8.GetBytes(request)).Span));
}

using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Messages of classes that are records here, each with rules of its own: networks, interfaces, roles, messages, registrations.</summary>
public class RowRuleTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NetworksHavePurposesThatGoTogetherLocksAndBlobs()
    {
        await using Stage stage = await Stage.StartAsync();
        Value first = await stage.NetworkAsync("first");
        Value second = await stage.NetworkAsync("second");
        await stage.CallAsync("network.add_purpose", first, Text("nbd"));
        await stage.CallAsync("network.add_purpose", first, Text("nbd"));
        Assert.Equal(["nbd"], await stage.TextsAsync("network.get_purpose", first));
        await stage.FailsAsync(["NETWORK_INCOMPATIBLE_PURPOSES", "insecure_nbd", "nbd"], "network.add_purpose", second, Text("insecure_nbd"));
        await stage.CallAsync("network.remove_purpose", first, Text("nbd"));
        await stage.CallAsync("network.add_purpose", second, Text("insecure_nbd"));

        await stage.CallAsync("network.set_default_locking_mode", first, Text("disabled"));
        Assert.Equal("disabled", (await stage.CallAsync("network.get_default_locking_mode", first)).AsString());

        Value blob = await stage.CallAsync("network.create_new_blob", first, Text("plan"), Text("image/png"));
        Assert.Equal([new("plan", blob)], (await stage.CallAsync("network.get_blobs", first)).AsStruct().Members);
        Assert.False((await stage.CallAsync("blob.get_public", blob)).AsBool());
        Assert.Equal("image/png", (await stage.CallAsync("blob.get_mime_type", blob)).AsString());
        await stage.FailsAsync(["HANDLE_INVALID", "network", "OpaqueRef:none"], "network.create_new_blob", Text("OpaqueRef:none"), Text("plan"), Text(""), new Value.Bool(true));
        await stage.FailsAsync(["HANDLE_INVALID", "network", "OpaqueRef:none"], "network.set_default_locking_mode", Text("OpaqueRef:none"), Text("disabled"));
    }

    [Fact]
    public async Task AnInterfaceIsDestroyedWithItsVlanOrNotAtAll()
    {
        await using Stage stage = await Stage.StartAsync();
        Value host = Text((await stage.Server.Database.Create(new host { uuid = "h" }, Cancel)).ToString());
        Value card = await stage.CallAsync("PIF.introduce", host, Text("02:00:00:00:00:01"), Text("eth0"));
        Value vlan = await stage.CallAsync("VLAN.create", card, Number(7), await stage.NetworkAsync("tagged"));
        Value tagged = await stage.CallAsync("VLAN.get_untagged_PIF", vlan);
        await stage.FailsAsync(["PIF_IS_PHYSICAL", card.AsString()], "PIF.destroy", card);
        await stage.CallAsync("PIF.destroy", tagged);
        await stage.FailsAsync(["HANDLE_INVALID", "PIF", tagged.AsString()], "PIF.destroy", tagged);
        Assert.Empty((await stage.CallAsync("VLAN.get_all")).AsArray());
        Assert.Empty((await stage.CallAsync("PIF.get_VLAN_slave_of", card)).AsArray());
    }

    [Fact]
    public async Task InterfacesAreEnteredAsTheyAreAndForgotten()
    {
        await using Stage stage = await Stage.StartAsync();
        Value host = Text((await stage.Server.Database.Create(new host { uuid = "h" }, Cancel)).ToString());
        Value network = await stage.NetworkAsync("wire");
        Value none = Text("OpaqueRef:NULL");
        Value card = await stage.CallAsync("PIF.db_introduce", Text("eth3"), network, host, Text("02:00:00:00:00:03"), Number(9000), Number(-1), new Value.Bool(true), Text("Static"),
            Text("192.0.2.3"), Text("255.255.255.0"), Text("192.0.2.1"), Text(""), none, none, new Value.Bool(false), new Value.Struct([]), new Value.Bool(true));
        Value.Struct record = (await stage.CallAsync("PIF.get_record", card)).AsStruct();
        Assert.Equal(("192.0.2.3", "9000", true), (record.Find("IP")!.AsString(), record.Find("MTU")!.AsString(), record.Find("disallow_unplug")!.AsBool()));
        Assert.Equal([card.AsString()], await stage.TextsAsync("network.get_PIFs", network));

        await stage.CallAsync("PIF.set_disallow_unplug", card, new Value.Bool(false));
        Assert.False((await stage.CallAsync("PIF.get_disallow_unplug", card)).AsBool());
        await stage.FailsAsync(["PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE", card.AsString()], "PIF.set_primary_address_type", card, Text("IPv6"));
        await stage.CallAsync("PIF.reconfigure_ipv6", card, Text("Static"), Text("2001:db8::3/64"), Text(""), Text(""));
        await stage.CallAsync("PIF.set_primary_address_type", card, Text("IPv6"));
        Assert.Equal("IPv6", (await stage.CallAsync("PIF.get_primary_address_type", card)).AsString());
        await stage.CallAsync("PIF.db_forget", card);
        await stage.FailsAsync(["HANDLE_INVALID", "PIF", card.AsString()], "PIF.db_forget", card);
        Assert.Empty(await stage.TextsAsync("network.get_PIFs", network));
    }

    [Fact]
    public async Task RolesTellWhatTheyMayAndPermissionsWhoHasThem()
    {
        await using Stage stage = await Stage.StartAsync();
        Value reader = Text(Assert.Single(await stage.TextsAsync("role.get_by_name_label", Text("read-only"))));
        string[] permissions = await stage.TextsAsync("role.get_permissions", reader);
        string[] names = await stage.TextsAsync("role.get_permissions_name_label", reader);
        Assert.Equal(permissions.Length, names.Length);
        Assert.Contains("vm.get_record", names);
        Assert.DoesNotContain("vm.start", names);
        string start = Assert.Single(await stage.TextsAsync("role.get_by_name_label", Text("vm.start")));
        Assert.DoesNotContain(start, permissions);
        string[] holders = await stage.TextsAsync("role.get_by_permission", Text(start));
        Assert.Contains(Assert.Single(await stage.TextsAsync("role.get_by_name_label", Text("vm-operator"))), holders);
        Assert.DoesNotContain(reader.AsString(), holders);
        Assert.Equal(holders.Order(), (await stage.TextsAsync("role.get_by_permission_name_label", Text("VM.start"))).Order());
        await stage.FailsAsync(["ROLE_NOT_FOUND"], "role.get_by_permission_name_label", Text("vm.brew"));
    }

    [Fact]
    public async Task NoticesAreReadFromATimeOnAndRemovedTogether()
    {
        await using Stage stage = await Stage.StartAsync();
        await stage.Server.Database.Create(new VM { uuid = "11111111-2222-3333-4444-555555555555" }, Cancel);
        Task<Value> CreateAsync(string name) => stage.CallAsync("message.create", Text(name), Number(3), Text("VM"), Text("11111111-2222-3333-4444-555555555555"), Text("body"));
        Value[] notices = [await CreateAsync("one"), await CreateAsync("two"), await CreateAsync("three")];
        Assert.Equal(3, (await stage.CallAsync("message.get_since", new Value.Date(DateTimeOffset.UnixEpoch))).AsStruct().Members.Length);
        Assert.Empty((await stage.CallAsync("message.get_since", new Value.Date(DateTimeOffset.UtcNow.AddHours(1)))).AsStruct().Members);
        Assert.Equal("two", (await stage.CallAsync("message.get_record", notices[1])).AsStruct().Find("name")!.AsString());
        Assert.Equal(3, (await stage.CallAsync("message.get_all_records")).AsStruct().Members.Length);
        await stage.FailsAsync(["UUID_INVALID", "VM", "nobody"], "message.create", Text("x"), Number(3), Text("VM"), Text("nobody"), Text(""));

        // One that is gone already does not keep the others.
        await stage.CallAsync("message.destroy", notices[0]);
        await stage.CallAsync("message.destroy_many", new Value.Array([notices[0], notices[2]]));
        Assert.Equal([notices[1].AsString()], await stage.TextsAsync("message.get_all"));
    }

    [Fact]
    public async Task WhoNoLongerListensIsToldSo()
    {
        await using Stage stage = await Stage.StartAsync();
        Value classes = new Value.Array([Text("VM")]);
        await stage.CallAsync("event.register", classes);
        long before = long.Parse((await stage.CallAsync("event.get_current_id")).AsString(), CultureInfo.InvariantCulture);
        await stage.Server.Database.Create(new VM { uuid = "1" }, Cancel);
        Assert.True(long.Parse((await stage.CallAsync("event.get_current_id")).AsString(), CultureInfo.InvariantCulture) > before);
        Assert.Equal("add", Assert.Single((await stage.CallAsync("event.next")).AsArray()).AsStruct().Find("operation")!.AsString());
        await stage.CallAsync("event.unregister", classes);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => stage.CallAsync("event.next"));
        Assert.Equal("SESSION_NOT_REGISTERED", error.Code);
    }

    [Fact]
    public async Task AHostsMandatoryGuidanceIsClearedInAnEmergency()
    {
        await using Stage stage = await Stage.StartAsync();
        Ref<host> self = await stage.Server.Database.Create(new host { uuid = "h", pending_guidances = [update_guidances.reboot_host] }, Cancel);
        Ref<host> other = await stage.Server.Database.Create(new host { uuid = "o", pending_guidances = [update_guidances.reboot_host] }, Cancel);
        stage.Server.Services.Identity.Localhost = self;
        await stage.CallAsync("host.emergency_clear_mandatory_guidance");
        Assert.Empty(await stage.TextsAsync("host.get_pending_guidances", Text(self.ToString())));
        Assert.Equal(["reboot_host"], await stage.TextsAsync("host.get_pending_guidances", Text(other.ToString())));
    }

    private static Value.Text Text(string text) => new(text);

    private static Value.Int Number(long number) => new(number);

    private sealed record Stage(XapiServer Server, Value Session) : IAsyncDisposable
    {
        internal static async Task<Stage> StartAsync()
        {
            XapiServer server = await XapiServer.StartAsync();
            return new Stage(server, await server.LoginAsync());
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        internal Task<Value> CallAsync(string method, params Value[] arguments) => Server.CallAsync(method, [Session, .. arguments]);

        internal async Task<string[]> TextsAsync(string method, params Value[] arguments) =>
            [.. (await CallAsync(method, arguments)).AsArray().Select(static v => v.AsString())];

        internal async Task FailsAsync(string[] description, string method, params Value[] arguments)
        {
            XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => CallAsync(method, arguments));
            Assert.Equal<string>(description, [error.Code, .. error.Parameters]);
        }

        internal Task<Value> NetworkAsync(string name) => CallAsync("network.create", new Value.Struct(
        [
            new("name_label", Text(name)), new("name_description", Text("")), new("MTU", Number(1500)), new("other_config", new Value.Struct([])), new("tags", new Value.Array([])),
        ]));
    }
}

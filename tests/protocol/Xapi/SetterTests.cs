using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Setters of fields that allowed_operations follows from.</summary>
public class SetterTests
{
    [Fact]
    public async Task AllowedOperationsFollowTheFieldsTheyDependOn()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value self = new Value.Text((await server.Database.Create(new VM { uuid = "1", domain_type = domain_type.hvm })).ToString());
        async Task<string[]> Allowed() => [.. (await server.CallAsync("VM.get_allowed_operations", session, self)).AsArray().Select(static v => v.AsString())];

        await server.CallAsync("VM.set_is_a_template", session, self, new Value.Bool(true));
        Assert.DoesNotContain("start", await Allowed());
        Assert.Contains("provision", await Allowed());

        await server.CallAsync("VM.set_is_a_template", session, self, new Value.Bool(false));
        Assert.Contains("start", await Allowed());
        Assert.DoesNotContain("provision", await Allowed());

        await server.CallAsync("VM.add_to_blocked_operations", session, self, new Value.Text("start"), new Value.Text("why"));
        Assert.DoesNotContain("start", await Allowed());
        await server.CallAsync("VM.remove_from_blocked_operations", session, self, new Value.Text("start"));
        Assert.Contains("start", await Allowed());
    }

    [Fact]
    public async Task OnlyAHaltedVmBecomesATemplate()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Ref<VM> self = await server.Database.Create(new VM { uuid = "1", power_state = vm_power_state.Running });
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(
            () => server.CallAsync("VM.set_is_a_template", session, new Value.Text(self.ToString()), new Value.Bool(true)));
        Assert.Equal("VM_BAD_POWER_STATE", error.Code);
        Assert.False((await server.Database.Get(self)).is_a_template);
    }
}

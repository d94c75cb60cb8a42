using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>get_all_where and get_all_records_where.</summary>
public class QueryCallTests
{
    [Theory]
    [InlineData("true", "one two")]
    [InlineData("false", "")]
    [InlineData("field \"name__label\"=\"one\"", "one")]
    [InlineData("field \"name__label\"=\"One\"", "")]
    [InlineData("not (field \"name__label\"=\"one\")", "two")]
    [InlineData("(field \"is_a_template\"=\"true\") and (field \"memory__static_max\"=\"256\")", "two")]
    [InlineData("field \"power_state\"=\"Halted\"", "one two")]
    [InlineData("field \"other_config\"=\"(('k' 'v'))\"", "one")]
    [InlineData("field \"_ref\"=\"OpaqueRef:none\"", "")]
    public async Task RowsAreComparedByTheTextsOfTheirColumns(string query, string expected)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Ref<VM> one = await server.Database.Create(new VM { uuid = "1", name_label = "one", other_config = new VM().other_config.Add("k", "v") });
        Ref<VM> two = await server.Database.Create(new VM { uuid = "2", name_label = "two", is_a_template = true, memory_static_max = 256 });
        Dictionary<string, string> names = new() { [one.ToString()] = "one", [two.ToString()] = "two" };

        Value refs = await server.CallAsync("VM.get_all_where", session, new Value.Text(query));
        Assert.Equal(expected, string.Join(' ', refs.AsArray().Select(r => names[r.AsString()]).Order()));
        Value.Struct records = (await server.CallAsync("VM.get_all_records_where", session, new Value.Text(query))).AsStruct();
        Assert.Equal(expected, string.Join(' ', records.Members.Select(m => names[m.Key]).Order()));
        Assert.All(records.Members, m => Assert.Equal(names[m.Key], m.Value.AsStruct().Find("name_label")!.AsString()));
    }

    [Theory]
    [InlineData("field \"name__label\"", "INVALID_VALUE")]
    [InlineData("", "INVALID_VALUE")]
    [InlineData("field \"name_label\"=\"one\"", "INTERNAL_ERROR")]
    public async Task WhatIsNoQueryOfTheClassIsRefused(string query, string code)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        await server.Database.Create(new VM { uuid = "1" });
        foreach (string method in (string[])["VM.get_all_where", "VM.get_all_records_where"])
        {
            XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync(method, session, new Value.Text(query)));
            Assert.Equal(code, error.Code);
        }
    }
}

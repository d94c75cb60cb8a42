using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Xunit;

namespace Toolstack.Tests.Database;

/// <summary>A member's database and the coordinator's, joined in process.</summary>
public sealed class RemoteDatabaseTests
{
    private readonly LocalDatabase local = LocalDatabase.InMemory(Declare.All);
    private readonly RemoteDatabaseAccess access;
    private readonly RemoteDatabase remote;
    private int lostAnswers;

    public RemoteDatabaseTests()
    {
        access = new RemoteDatabaseAccess(local, Declare.All);
        remote = new RemoteDatabase(async (request, _, cancel) =>
        {
            ReadOnlyMemory<byte> answer = await access.HandleAsync(request, cancel);
            return lostAnswers-- > 0 ? throw new XenApiError("CANNOT_CONTACT_HOST", "127.0.0.1") : answer.ToArray();
        });
    }

    [Fact]
    public async Task A_row_crosses_whole_and_comes_back_the_same()
    {
        Ref<shelf> low = await remote.Create(new shelf { uuid = "low", name_label = "it's \\ low" });
        Ref<box> self = await remote.Create(box.New("a", low) with { tags = ["x y", "('z')"], weight = 5 });

        box here = await local.Get(self);
        box there = await remote.Get(self);
        Assert.Empty(new FieldProbe().Changed(here, there));
        Assert.Equal(["x y", "('z')"], there.tags);
        Assert.Equal([self.ToString()], (await remote.Get(low)).boxes);
        Assert.Equal("it's \\ low", (await remote.Get(low)).name_label);
        Assert.Equal(self, await remote.GetByUuid<box>(here.uuid));
        Assert.Equal(self, Assert.Single(await remote.GetAll<box>()).Key);
        await remote.Destroy(self);
        Assert.Null(await remote.Find(self));
    }

    [Fact]
    public async Task Failures_are_those_of_the_coordinator()
    {
        Ref<box> gone = Ref<box>.New();
        Assert.Equal("HANDLE_INVALID", (await Assert.ThrowsAsync<XenApiError>(async () => await remote.Destroy(gone))).Code);
        Assert.Equal("HANDLE_INVALID", (await Assert.ThrowsAsync<XenApiError>(async () => await remote.Update(gone, static r => r))).Code);
        Assert.Equal("UUID_INVALID", (await Assert.ThrowsAsync<XenApiError>(async () => await remote.GetByUuid<box>("x"))).Code);
        await remote.Create(new shelf { uuid = "low" });
        XenApiError taken = await Assert.ThrowsAsync<XenApiError>(async () => await remote.Create(new shelf { uuid = "low" }));
        Assert.Equal(["shelf", "uuid", "low"], taken.Parameters);
    }

    [Fact]
    public async Task Updates_from_both_sides_lose_none_and_write_only_what_changed()
    {
        Ref<box> self = await local.Create(box.New("a"));
        for (int index = 0; index < 20; index++)
        {
            bool disturbed = false;
            await remote.Update(self, row =>
            {
                if (!disturbed)
                {
                    disturbed = true;
                    local.UpdateUntyped(box.Info, self.ToString(), static r => (box)r with { weight = ((box)r).weight + 1 });
                }

                return row with { weight = row.weight + 1 };
            });
        }

        Assert.Equal(40, (await local.Get(self)).weight);
        long before = local.Generation;
        await remote.Update(self, static r => r with { weight = 40 });
        Assert.Equal(before, local.Generation);
    }

    [Fact]
    public async Task A_request_whose_answer_was_lost_is_not_done_twice()
    {
        lostAnswers = 1;
        Ref<box> self = await remote.Create(box.New("a"));
        Assert.Equal(1, local.Count(box.Info));
        lostAnswers = 1;
        await remote.Destroy(self);
        Assert.Equal(0, local.Count(box.Info));
    }

    [Theory]
    [InlineData("""["Get_table_from_ref","OpaqueRef:b"]""", """["Get_table_from_ref",["box"]]""")]
    [InlineData("""["Get_table_from_ref","OpaqueRef:none"]""", """["Get_table_from_ref",[]]""")]
    [InlineData("""["Is_valid_ref","OpaqueRef:b"]""", """["Is_valid_ref",true]""")]
    [InlineData("""["Read_refs","box"]""", """["Read_refs",["OpaqueRef:b"]]""")]
    [InlineData("""["Read_field","box","name__label","OpaqueRef:b"]""", """["Read_field","name"]""")]
    [InlineData("""["Read_field","box","tags","OpaqueRef:b"]""", """["Read_field","('t' 'it\\'s')"]""")]
    [InlineData("""["Write_field","box","OpaqueRef:b","name__label","new"]""", """["Write_field",null]""")]
    [InlineData("""["write_field","box","OpaqueRef:x","name__label","new"]""", """["Dbcache_notfound","missing row","box","OpaqueRef:x"]""")]
    [InlineData("""["Db_get_by_uuid","box","none"]""", """["Read_missing_uuid","box","","none"]""")]
    [InlineData("""["Db_get_by_uuid_opt","box","ub"]""", """["Db_get_by_uuid_opt",["OpaqueRef:b"]]""")]
    [InlineData("""["Db_get_by_name_label","box","name"]""", """["Db_get_by_name_label",["OpaqueRef:b"]]""")]
    [InlineData("""["Read_field_where",{"table":"box","return":"uuid","where_field":"name__label","where_value":"name"}]""", """["Read_field_where",["ub"]]""")]
    [InlineData("""["Find_refs_with_filter","box",["And",["Eq",["Field","uuid"],["Literal","ub"]],["Not","False"]]]""",
        """["Find_refs_with_filter",["OpaqueRef:b"]]""")]
    [InlineData("""["Find_refs_with_filter","box",["Eq",["Field","_ref"],["Literal","ub"]]]""", """["Find_refs_with_filter",[]]""")]
    [InlineData("""["Read_record","shelf","OpaqueRef:s"]""",
        """["Read_record",{"_ref":"OpaqueRef:s","uuid":"us","name__label":"low"},{"boxes":["OpaqueRef:b"]}]""")]
    [InlineData("""["Process_structured_field",["t",""],"box","tags","OpaqueRef:b","AddSet"]""", """["Process_structured_field",null]""")]
    [InlineData("""["Process_structured_field",["k","w"],"box","other_config","OpaqueRef:b","AddMap"]""",
        """["Duplicate_key_of","box","other_config","OpaqueRef:b","k"]""")]
    [InlineData("""["Create_row","shelf",{"uuid":"us"},"OpaqueRef:n"]""", """["Uniqueness_constraint_violation","shelf","uuid","us"]""")]
    public async Task Requests_and_answers_are_the_protocols(string request, string answer)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await local.InsertAsync(shelf.Info, "OpaqueRef:s", new shelf { uuid = "us", name_label = "low" }, cancel);
        await local.InsertAsync(box.Info, "OpaqueRef:b", new box
        {
            uuid = "ub",
            name_label = "name",
            shelf = "OpaqueRef:s",
            tags = ["t", "it's"],
            other_config = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("k", "v"),
        }, cancel);
        Assert.Equal(answer, Encoding.UTF8.GetString((await access.HandleAsync(Encoding.UTF8.GetBytes(request), cancel)).Span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("""["Reboot"]""")]
    [InlineData("""["Read_refs"]""")]
    [InlineData("""["Read_refs","crate"]""")]
    [InlineData("""["Find_refs_with_filter","shelf",["Maybe"]]""")]
    public async Task What_is_no_request_is_refused(string request)
    {
        await local.Create(new shelf { uuid = "us" });
        Exception? refused = await Record.ExceptionAsync(
            async () => await access.HandleAsync(Encoding.UTF8.GetBytes(request), TestContext.Current.CancellationToken));
        Assert.True(refused is WireFormatException or ValueFormatException, $"{refused}");
    }
}

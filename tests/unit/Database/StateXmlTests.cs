using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Database;

public sealed class StateXmlTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("dump-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("plain")]
    [InlineData(" a\tb\nc\rd%e%.f ")]
    [InlineData("")]
    public void BlanksSurviveProtection(string text)
    {
        string shielded = StateXml.Protect(text);
        Assert.DoesNotContain(' ', shielded);
        Assert.Equal(text, StateXml.Unprotect(shielded));
    }

    [Fact]
    public async Task ADumpMakesTheSameDatabase()
    {
        Ref<VM> vm;
        byte[] dump;
        string label = "a <b> & \"c\" 'd'\n\t%é\U0001F600";
        await using (LocalDatabase database = LocalDatabase.Open(In("one"), Datamodel.Classes, NullLogger.Instance))
        {
            Ref<host> host = await database.Create(new host { uuid = Guid.NewGuid().ToString(), name_label = "h" }, Cancel);
            vm = await database.Create(new VM
            {
                uuid = Guid.NewGuid().ToString(), name_label = label, resident_on = host, memory_static_max = 1L << 40,
                other_config = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("k'\\", "v (x) 'y'"),
            }, Cancel);
            await database.Create(new session { uuid = Guid.NewGuid().ToString() }, Cancel);
            dump = await DumpAsync(database);
        }

        ImportedState state = StateXmlReader.Read(dump, "dump", Datamodel.Classes);
        Assert.Empty(state.Unknown);
        DatabaseTransfer.Create(In("two"), state);
        Assert.Throws<DatabaseFileException>(() => DatabaseTransfer.Create(In("two"), state));
        await using LocalDatabase copy = LocalDatabase.Open(In("two"), Datamodel.Classes, NullLogger.Instance);
        VM row = await copy.Get(vm, Cancel);
        Assert.Equal((label, 1L << 40, "v (x) 'y'"), (row.name_label, row.memory_static_max, row.other_config["k'\\"]));
        Assert.Equal([vm], (await copy.Get(row.resident_on, Cancel)).resident_VMs);
        Assert.Equal(0, copy.Count(session.Info));
        Assert.True(copy.Generation >= state.Generation);
    }

    [Fact]
    public async Task APreparedRestoreTakesItsPlaceOnceAndTheOldOneIsKept()
    {
        await using (LocalDatabase database = LocalDatabase.Open(In("db"), Datamodel.Classes, NullLogger.Instance))
        {
            await database.Create(new host { uuid = Guid.NewGuid().ToString(), name_label = "old" }, Cancel);
        }

        ImportedState state = StateXmlReader.Read(Encoding.UTF8.GetBytes(
            "<?xml version='1.0'?><!-- x --><database><manifest><pair key='generation_count' value='77'/></manifest>"
            + "<table name='host'><row ref='OpaqueRef:h' __ctime='1' __mtime='2' uuid='u' name__label='new%.one' no_such='1'/></table>"
            + "<table name='No_such'><row ref='x'/></table></database>"), "x", Datamodel.Classes);
        Assert.Equal(["No_such", "host.no_such"], state.Unknown);
        DatabaseTransfer.Prepare(In("db"), state);
        Assert.True(DatabaseTransfer.TakePrepared(In("db")));
        Assert.False(DatabaseTransfer.TakePrepared(In("db")));
        await using (LocalDatabase restored = LocalDatabase.Open(In("db"), Datamodel.Classes, NullLogger.Instance))
        {
            Assert.Equal("new one", (await restored.Get(new Ref<host>("OpaqueRef:h"), Cancel)).name_label);
        }

        await using LocalDatabase before = LocalDatabase.Open(In("db.before-restore"), Datamodel.Classes, NullLogger.Instance);
        Assert.Equal("old", Assert.Single(await before.GetAll<host>(Cancel)).Value.name_label);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<database>")]
    [InlineData("<database><manifest/></database")]
    [InlineData("<other></other>")]
    [InlineData("<!DOCTYPE x><database></database>")]
    [InlineData("<database><table name='host'><row uuid='u'/></table></database>")]
    [InlineData("<database><table name='host'><row ref='a' uuid='u'/><row ref='b' uuid='u'/></table></database>")]
    [InlineData("<database><table name='host'><row ref='a' uuid='u'/><row ref='a' uuid='w'/></table></database>")]
    [InlineData("<database><table name='host'><row ref='a' uuid='u' enabled='perhaps'/></table></database>")]
    [InlineData("<database><table name='host'><row ref='a' uuid='&bad;'/></table></database>")]
    public void WhatIsNoDumpIsRefused(string text) =>
        Assert.Throws<DatabaseFileException>(() => StateXmlReader.Read(Encoding.UTF8.GetBytes(text), "x", Datamodel.Classes));

    [Fact]
    public async Task ATaskThatAClientKnowsOutlivesARestart()
    {
        Ref<task> known;
        Ref<task> transient;
        await using (LocalDatabase database = LocalDatabase.Open(In("db"), Datamodel.Classes, NullLogger.Instance))
        {
            known = await database.Create(new task { uuid = Guid.NewGuid().ToString(), durable = true, status = task_status_type.pending }, Cancel);
            transient = await database.Create(new task { uuid = Guid.NewGuid().ToString() }, Cancel);
            await database.Update(transient, r => r with { name_label = "changed" }, Cancel);
        }

        await using LocalDatabase again = LocalDatabase.Open(In("db"), Datamodel.Classes, NullLogger.Instance);
        Assert.Null(await again.Find(transient, Cancel));
        Assert.Equal(task_status_type.pending, (await again.Get(known, Cancel)).status);
        var tasks = new Toolstack.Xapi.Tasks.TaskService(again, new Toolstack.Xapi.Pool.HostIdentity
        {
            Uuid = "u", Address = "127.0.0.1", HttpPort = 1, IsCoordinator = true, CoordinatorAddress = "127.0.0.1", PoolSecret = "s",
        });
        // A client that goes on with its token from before hears of it.
        Toolstack.Xapi.Events.EventToken before = new(again.Generation, 0);
        await tasks.FailLeftoversAsync(NullLogger.Instance, Cancel);
        Toolstack.Xapi.Events.XenEvent heard = Assert.Single(Toolstack.Xapi.Events.EventBatch.Compute(
            again.View, Datamodel.Classes, Toolstack.Xapi.Events.EventSubscriptions.Parse(["task"]), before).Events);
        Assert.Equal(("mod", known.ToString(), task_status_type.failure), (heard.Operation, heard.Reference, ((task)heard.Row!).status));
        task row = await again.Get(known, Cancel);
        Assert.Equal((task_status_type.failure, "INTERNAL_ERROR", 1.0), (row.status, row.error_info[0], row.progress));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static async Task<byte[]> DumpAsync(LocalDatabase database)
    {
        using var output = new MemoryStream();
        await StateXmlWriter.WriteAsync(output, database.View, Datamodel.Classes, Cancel);
        return output.ToArray();
    }

    private string In(string name) => Path.Combine(directory, name);

    [Fact]
    public async Task TheGenerationIsReadFromTheStartOfADump()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        await database.Create(new VM { uuid = "1", name_label = "one" });
        using var output = new MemoryStream();
        await StateXmlWriter.WriteAsync(output, database.View, Datamodel.Classes, CancellationToken.None);
        byte[] dump = output.ToArray();
        Assert.Equal(database.Generation, StateXmlReader.GenerationIn(dump));
        Assert.Equal(database.Generation, StateXmlReader.GenerationIn(dump.AsSpan(0, 300)));
        Assert.Null(StateXmlReader.GenerationIn(dump.AsSpan(0, 60)));
        Assert.Null(StateXmlReader.GenerationIn("<html><body>"u8));
        Assert.Null(StateXmlReader.GenerationIn("<database><manifest></manifest><table name=\"VM\"><pair key=\"generation_count\" value=\"7\"/>"u8));
        Assert.Null(StateXmlReader.GenerationIn([]));
    }
}

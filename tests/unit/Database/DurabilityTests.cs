using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Xunit;

namespace Toolstack.Tests.Database;

/// <summary>What outlives the process. A kill is played by copying the files as the disk holds them, while the database is open.</summary>
public sealed class DurabilityTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("xapi-db-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Rows_and_references_are_there_again_and_what_is_not_persistent_is_not()
    {
        Ref<shelf> low;
        Ref<box> self;
        box row = box.New("a") with { tags = ["x"], weight = 7 };
        long last;
        await using (LocalDatabase first = Open("db"))
        {
            low = await first.Create(new shelf { uuid = "low" });
            self = await first.Create(row with { shelf = low.ToString() });
            Ref<box> gone = await first.Create(box.New("gone"));
            await first.Destroy(gone);
            await first.Create(new visit { uuid = "v" });
            last = first.Generation;
        }

        await using LocalDatabase second = Open("db");
        box again = await second.Get(self);
        Assert.Equal((row.uuid, "a", 0L), (again.uuid, again.name_label, again.weight));
        Assert.Equal(["x"], again.tags);
        Assert.Equal([self.ToString()], (await second.Get(low)).boxes);
        Assert.Equal(self, await second.GetByUuid<box>(row.uuid));
        Assert.Equal((1, 0), (second.Count(box.Info), second.Count(visit.Info)));
        Assert.Equal([self.ToString()], second.RefsByName(box.Info, "a"));
        RowView view = second.View.Find(box.Info, self.ToString())!;
        Assert.True(view.Created <= last && view.Modified > last, "a restart modifies rows, it does not create them");
    }

    [Fact]
    public async Task What_was_answered_survives_a_kill_and_generations_never_repeat()
    {
        await using LocalDatabase first = Open("db");
        Ref<box> self = await first.Create(box.New("a"));
        await first.Update(self, static r => r with { name_label = "b" });
        for (int index = 0; index < 1000; index++)
        {
            await first.Update(self, r => r with { weight = index + 1 });
        }

        await using LocalDatabase second = Open(Killed("db"));
        Assert.Equal("b", (await second.Get(self)).name_label);
        Assert.True(second.Generation > first.Generation);
    }

    [Fact]
    public async Task Many_callers_share_few_commits_and_all_of_them_are_kept()
    {
        await using LocalDatabase first = Open("db");
        await Parallel.ForEachAsync(Enumerable.Range(0, 500), new ParallelOptions { MaxDegreeOfParallelism = 64 },
            async (index, cancel) => await first.Create(box.New($"{index}"), cancel));
        await using LocalDatabase second = Open(Killed("db"));
        Assert.Equal(500, second.Count(box.Info));
    }

    [Fact]
    public async Task A_change_without_the_disk_waits_for_nothing_and_flush_writes_it()
    {
        await using LocalDatabase first = Open("db");
        Ref<box> self = await first.Create(box.New("a"));
        first.UpdateUntyped(box.Info, self.ToString(), static r => (box)r with { name_label = "z" });
        await first.FlushAsync(TestContext.Current.CancellationToken);
        await using LocalDatabase second = Open(Killed("db"));
        Assert.Equal("z", (await second.Get(self)).name_label);
    }

    [Fact]
    public async Task Unhurried_changes_are_seen_at_once_and_last_after_a_flush()
    {
        await using LocalDatabase first = Open("db");
        XapiDatabase unhurried = first.Unhurried;
        Ref<box> gone = await unhurried.Create(box.New("a"));
        Ref<box> self = await unhurried.Create(box.New("b"));
        await unhurried.Update(self, static r => r with { name_label = "c" });
        await unhurried.Destroy(gone);
        Assert.Equal("c", (await first.Get(self)).name_label);
        Assert.Null(await first.Find(gone));
        await unhurried.FlushAsync(TestContext.Current.CancellationToken);
        await using LocalDatabase second = Open(Killed("db"));
        Assert.Equal("c", (await second.Get(self)).name_label);
        Assert.Null(await second.Find(gone));
    }

    [Fact]
    public async Task Changes_that_nobody_waits_for_are_written_before_long()
    {
        await using LocalDatabase first = Open("db");
        Ref<box> self = await first.Create(box.New("a"));
        foreach (string name in (string[])["b", "c"])
        {
            long size = Wal();
            await first.Unhurried.Update(self, row => row with { name_label = name });
            for (DateTime end = DateTime.UtcNow.AddSeconds(60); Wal() == size && DateTime.UtcNow < end;)
            {
                await Task.Delay(DatabaseLimits.Gathering, TestContext.Current.CancellationToken);
            }

            // The file is longer while it is written: after the flush all of the batch is there.
            Assert.True(Wal() > size);
            await first.FlushAsync(TestContext.Current.CancellationToken);
        }

        await using LocalDatabase second = Open(Killed("db"));
        Assert.Equal("c", (await second.Get(self)).name_label);

        long Wal() => new FileInfo(Path.Combine(directory, "db-wal")).Length;
    }

    [Fact]
    public async Task Changes_of_fields_that_are_not_persistent_are_not_written()
    {
        await using LocalDatabase first = Open("db");
        Ref<box> self = await first.Create(box.New("a"));
        long size = Wal();
        await first.Update(self, static r => r with { weight = 1 });
        await first.Create(new visit { uuid = "v" });
        await first.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(size, Wal());
        await first.Update(self, static r => r with { name_label = "b" });
        Assert.True(Wal() > size);

        long Wal() => new FileInfo(Path.Combine(directory, "db-wal")).Length;
    }

    [Fact]
    public async Task The_file_is_for_its_owner_and_for_one_process()
    {
        await using LocalDatabase first = Open("db");
        await first.Create(box.New("a"));
        foreach (string file in Directory.GetFiles(directory))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        Assert.Contains("in use", Refused("db").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_and_left_alone()
    {
        byte[] text = [.. Enumerable.Repeat((byte)'x', 5000)];
        File.WriteAllBytes(Path.Combine(directory, "db"), text);
        Assert.Contains("not a database", Refused("db").Reason, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllBytes(Path.Combine(directory, "db")));
    }

    [Theory]
    [InlineData("PRAGMA user_version=2", "version 2")]
    [InlineData("PRAGMA application_id=5", "another program")]
    [InlineData("UPDATE rows SET body = x'c1'", "damaged")]
    [InlineData("UPDATE rows SET class = 'crate'", "class crate")]
    public async Task A_file_that_was_tampered_with_is_refused_with_the_reason(string sql, string reason)
    {
        await using (LocalDatabase first = Open("db"))
        {
            await first.Create(box.New("a"));
        }

        using (var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "db")};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        Assert.Contains(reason, Refused("db").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_was_overwritten_is_damage_and_not_a_smaller_database()
    {
        await using (LocalDatabase first = Open("db"))
        {
            for (int index = 0; index < 200; index++)
            {
                await first.Create(box.New(new string('n', 200)));
            }
        }

        string path = Path.Combine(directory, "db");
        byte[] file = File.ReadAllBytes(path);
        file.AsSpan(4096, file.Length - 4096).Fill(0xAA);
        File.WriteAllBytes(path, file);
        Assert.Contains("damaged", Refused("db").Reason, StringComparison.Ordinal);
    }

    private LocalDatabase Open(string name) => LocalDatabase.Open(Path.Combine(directory, name), Declare.All, NullLogger.Instance);

    private DatabaseFileException Refused(string name) => Assert.Throws<DatabaseFileException>(() => Open(name));

    private string Killed(string name)
    {
        File.Copy(Path.Combine(directory, name), Path.Combine(directory, "killed"));
        File.Copy(Path.Combine(directory, name + "-wal"), Path.Combine(directory, "killed-wal"));
        return "killed";
    }
}

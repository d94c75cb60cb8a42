using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Events;
using Toolstack.Xapi.Reports;
using Xunit;

namespace Toolstack.Tests.Xapi;

public sealed class NoticeStoreTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("notices").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void What_came_after_a_generation_is_told_in_order_and_the_removed_only_to_those_who_saw_them()
    {
        NoticeStore store = Open();
        Ref<message>[] added = [.. Enumerable.Range(1, 5).Select(n => Add(store, n, durable: n % 2 == 0))];
        store.Remove(added[1]);
        Assert.Equal([("add", "3"), ("add", "4"), ("add", "5"), ("del", "")], Told(store.Since(2)));
        Assert.Equal([("add", "4"), ("add", "5")], Told(store.Since(3)).SkipLast(1));
        Assert.Equal(["1", "3", "4", "5"], Told(store.Since(-1)).Select(static t => t.Name));
        Assert.Empty(store.Since(6));
        Assert.Equal("HANDLE_INVALID", Assert.Throws<XenApiError>(() => store.Remove(added[1])).Code);
    }

    [Fact]
    public void A_store_that_is_opened_again_has_them_in_order()
    {
        NoticeStore store = Open();
        Ref<message>[] added = [.. Enumerable.Range(1, 12).Select(n => Add(store, n, durable: false))];
        store.Remove(added[4]);
        NoticeStore again = Open();
        Assert.Equal(["1", "2", "3", "4", "6", "7", "8", "9", "10", "11", "12"], again.All().Select(static n => n.Row.name));
        again.Remove(added[9]);
        Assert.Equal(["11", "12"], Told(again.Since(10)).Select(static t => t.Name).Where(static n => n.Length > 0));
    }

    [Fact]
    public void Generations_go_on_where_a_former_life_left_them_even_if_its_newest_is_gone()
    {
        NoticeStore store = Open();
        _ = Add(store, 1, durable: false);
        store.Remove(Add(store, 2, durable: false));
        NoticeStore again = Open();
        _ = Add(again, 4, durable: true);
        Assert.Equal([1L, 4L], again.Since(-1).Select(static e => e.Generation));
    }

    [Fact]
    public void A_line_that_was_not_finished_is_cut_off_and_one_that_is_no_notice_passed_over()
    {
        NoticeStore store = Open();
        _ = Add(store, 1, durable: false);
        File.AppendAllText(Journal, "what is this\n");
        string whole = File.ReadAllText(Journal);
        File.AppendAllText(Journal, whole[..(whole.Length / 2)].ReplaceLineEndings(""));
        NoticeStore again = Open();
        Assert.Equal(["1"], again.All().Select(static n => n.Row.name));
        _ = Add(again, 2, durable: false);
        Assert.Equal(["1", "2"], Open().All().Select(static n => n.Row.name));
    }

    [Fact]
    public void Files_of_a_former_version_are_taken_over()
    {
        Directory.CreateDirectory(directory);
        foreach ((int number, string content) in new[] { (3, Record("third")), (2, Record("second")), (4, "{"), (5, Record("newest")) })
        {
            File.WriteAllText(Path.Combine(directory, $"{number:D20}_{Guid.NewGuid()}.json"), content);
        }

        NoticeStore store = Open();
        Assert.Equal([("second", 2L), ("third", 3L), ("newest", 5L)], store.All().Select(static n => (n.Row.name, n.Generation)));
        Assert.Equal([Journal], Directory.GetFiles(directory));
        store.Remove(store.All()[0].Self);
        _ = Add(store, 7, durable: false);
        Assert.Equal([("third", 3L), ("newest", 5L), ("7", 7L)], Open().All().Select(static n => (n.Row.name, n.Generation)));

        static string Record(string name) => $$"""{"uuid": "u", "name": "{{name}}", "priority": 3, "cls": "VM", "obj_uuid": "o", "timestamp": "20260101T00:00:00Z", "body": "b"}""";
    }

    [Fact]
    public async Task The_journal_does_not_grow_with_what_is_gone_and_loses_nothing_that_is_not()
    {
        NoticeStore store = Open();
        List<string> expected = [];
        int most = 0;
        for (int number = 0; number < 6000; number++)
        {
            Ref<message> self = Add(store, number, durable: false);
            if (number % 100 == 0)
            {
                expected.Add($"{number}");
            }
            else
            {
                store.Remove(self);
            }

            if (number % 500 == 499)
            {
                most = Math.Max(most, File.ReadLines(Journal).Count());
                await UntilSmallAsync();
            }
        }

        Assert.InRange(most, 1, 12_000 - 1);
        Assert.Equal(expected, store.All().Select(static n => n.Row.name));
        Assert.Equal(expected, Open().All().Select(static n => n.Row.name));
    }

    private string Journal => Path.Combine(directory, "journal");

    /// <summary>It is written anew beside what goes on: when that ends, what was added since it began is all there is too much. Between two waits that is less
    /// than what makes it begin.</summary>
    private async Task UntilSmallAsync()
    {
        for (int i = 0; File.ReadLines(Journal).Count() > 2 * ReportLimits.MaxSpareLines && i < 6000; i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.InRange(File.ReadLines(Journal).Count(), 1, 2 * ReportLimits.MaxSpareLines);
    }

    private static Ref<message> Add(NoticeStore store, int number, bool durable) => store.Add($"{number}", 5, cls.VM, "about", "body", durable);

    private static IEnumerable<(string Operation, string Name)> Told(IReadOnlyList<XenEvent> events) =>
        events.Select(static e => (e.Operation, (e.Row as message)?.name ?? ""));

    private NoticeStore Open() => new(directory, static () => { }, NullLogger.Instance);
}

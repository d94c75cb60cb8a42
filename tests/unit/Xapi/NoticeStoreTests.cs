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

    private static Ref<message> Add(NoticeStore store, int number, bool durable) => store.Add($"{number}", 5, cls.VM, "about", "body", durable);

    private static IEnumerable<(string Operation, string Name)> Told(IReadOnlyList<XenEvent> events) =>
        events.Select(static e => (e.Operation, (e.Row as message)?.name ?? ""));

    private NoticeStore Open() => new(directory, static () => { }, NullLogger.Instance);
}

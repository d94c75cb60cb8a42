using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>What the journal holds is what was appended, wherever it was cut.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("journal");

    private static readonly StoredRecord[] History =
    [
        new NumbersUsed(10), new QueueMade("q"), new QueueMade("gone"), Kept(11, "q"), Kept(12, "gone"), Kept(13, "q"), new MessageDone("q", 11),
        new QueueGone("gone"), new MessageKept(14, "q", null, new RequestKey("a", 5), "me", new byte[] { 0, 255 }),
    ];

    [Fact]
    public void A_journal_cut_at_any_byte_holds_the_changes_before_the_cut()
    {
        var (output, ends) = (new ArrayBufferWriter<byte>(), new List<int>());
        foreach (var record in History)
        {
            RecordCodec.Write(output, new ArrayBufferWriter<byte>(), record);
            ends.Add(output.WrittenCount);
        }

        for (var cut = 0; cut <= output.WrittenCount; cut++)
        {
            var found = new List<StoredRecord>();
            var good = RecordCodec.ReadAll(output.WrittenMemory[..cut], found.Add);
            var whole = ends.Count(end => end <= cut);
            Assert.Equal(whole, found.Count);
            Assert.Equal(whole == 0 ? 0 : ends[whole - 1], good);
        }

        for (var place = 0; place < output.WrittenCount; place++)
        {
            var damaged = output.WrittenSpan.ToArray();
            damaged[place] ^= 0x10;
            var found = new List<StoredRecord>();
            RecordCodec.ReadAll(damaged, found.Add);
            Assert.Equal(ends.Count(end => end <= place), found.Count);
        }
    }

    [Fact]
    public async Task What_was_appended_is_there_after_a_restart()
    {
        await WriteAsync(History);
        await using var journal = Open();
        var queue = Assert.Single(journal.State.Queues);
        Assert.Equal("q", queue.Key);
        Assert.Equal([13, 14], queue.Value.Keys);
        var response = queue.Value[14];
        Assert.Null(response.ReplyName);
        Assert.Equal((new RequestKey("a", 5), "me"), (response.Answered, response.Origin));
        Assert.Equal([0, 255], response.Payload.ToArray());
        Assert.Equal(14, journal.State.LastNumber);
    }

    [Fact]
    public async Task A_snapshot_replaces_the_journal_and_changes_after_it_are_kept()
    {
        await using (var journal = Open())
        {
            Array.ForEach(History, journal.Append);
            journal.Snapshot([new NumbersUsed(14), new QueueMade("q"), Kept(13, "q")]);
            journal.Append(Kept(20, "q"));
            await journal.StoredAsync();
        }

        Assert.Equal(["journal.1", "lock", "snapshot"], directory.EnumerateFiles().Select(file => file.Name).Order());
        await using var again = Open();
        Assert.Equal([13, 20], again.State.Queues["q"].Keys);
    }

    [Fact]
    public async Task An_unfinished_snapshot_changes_nothing()
    {
        await WriteAsync(History);
        File.WriteAllBytes(Path.Combine(directory.FullName, "journal.1"), []);
        File.WriteAllBytes(Path.Combine(directory.FullName, "snapshot.x.tmp"), [1, 2]);
        await using var again = Open();
        Assert.Equal([13, 14], again.State.Queues["q"].Keys);
    }

    [Fact]
    public async Task One_switch_at_a_time_and_only_in_a_directory()
    {
        await using var journal = Open();
        Assert.Throws<ConfigurationException>(Open);
        Assert.Throws<ConfigurationException>(() => Journal.Open(directory.FullName + "/none", true, NullLogger.Instance));
    }

    public void Dispose() => directory.Delete(recursive: true);

    private static MessageKept Kept(long number, string queue) => new(number, queue, "reply", default, "me", new byte[] { 1 });

    private Journal Open() => Journal.Open(directory.FullName, sync: false, NullLogger.Instance);

    private async Task WriteAsync(StoredRecord[] records)
    {
        await using var journal = Open();
        Array.ForEach(records, journal.Append);
        await journal.StoredAsync();
    }
}

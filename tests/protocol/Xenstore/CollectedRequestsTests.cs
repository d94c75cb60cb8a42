using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Xenstore;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>Requests that are begun together leave together, with their answers their callers'.</summary>
public sealed class CollectedRequestsTests
{
    private const int Count = 20;

    [Fact]
    public async Task Collected_requests_leave_in_one_piece_and_each_gets_its_answer()
    {
        await using var host = new StoreHost();
        var stream = new CountingStream(host.Server.Connect());
        await using var client = XenstoreClient.Attach(stream, "collecting");
        await client.WriteAsync("/a", "x", StoreHost.Soon);
        var before = stream.Pieces;
        List<Task> writing;
        using (client.Collect())
        {
            using (client.Collect())
            {
                writing = [.. Enumerable.Range(0, Count).Select(index => client.WriteAsync($"/a/{index}", $"{index}", StoreHost.Soon))];
            }

            Assert.All(writing, write => Assert.False(write.IsCompleted));
            Assert.Equal(before, stream.Pieces);
        }

        await Task.WhenAll(writing);
        Assert.Equal(before + 1, stream.Pieces);
        Assert.Equal(Count, (await client.DirectoryAsync("/a", StoreHost.Soon)).Count);
        Assert.Equal("7", await client.ReadAsync("/a/7", StoreHost.Soon));
    }

    [Fact]
    public async Task A_transaction_s_requests_are_collected_too()
    {
        await using var host = new StoreHost();
        var client = await host.ConnectAsync();
        await client.WriteAsync("/a/0", "zero", StoreHost.Soon);
        var values = await client.TransactionAsync(async transaction =>
        {
            List<Task<string?>> reading;
            using (transaction.Collect())
            {
                reading = [transaction.ReadAsync("/a/0", StoreHost.Soon), transaction.ReadAsync("/a/1", StoreHost.Soon)];
            }

            return await Task.WhenAll(reading);
        }, StoreHost.Soon);
        Assert.Equal(["zero", null], values);
    }

    [Fact]
    public async Task What_is_applied_leaves_with_its_commit_and_again_after_a_conflict()
    {
        await using var host = new StoreHost();
        var stream = new CountingStream(host.Server.Connect());
        await using var client = XenstoreClient.Attach(stream, "applying");
        await client.WriteAsync("/b/zero", "0", StoreHost.Soon);
        var before = stream.Pieces;
        await client.ApplyAsync(static transaction =>
        {
            transaction.Remove("/b/zero");
            transaction.Write("/b/one", "1");
            transaction.Write("/b/two", "2");
        }, StoreHost.Soon);
        Assert.Equal(before + 2, stream.Pieces);
        host.Server.RefuseCommits(1);
        await client.ApplyAsync(static transaction => transaction.Write("/b/three", "3"), StoreHost.Soon);
        Assert.Equal(before + 6, stream.Pieces);
        Assert.Equal(["one", "three", "two"], (await client.DirectoryAsync("/b", StoreHost.Soon)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_refusal_of_what_is_applied_is_raised()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var refused = await Assert.ThrowsAsync<XenstoreError>(() => guest.ApplyAsync(static transaction => transaction.Write("/b", "x"), StoreHost.Soon));
        Assert.Equal((XenstoreOperation.Write, XenstoreErrorName.EACCES), (refused.Operation, refused.Name));
    }

    /// <summary>Counts the pieces in which what is written leaves.</summary>
    private sealed class CountingStream(Stream inner) : Stream
    {
        private int pieces;

        public int Pieces => Volatile.Read(ref pieces);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref pieces);
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Flush() => inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}

using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// One attempt of a transaction: made by <see cref="XenstoreClient.TransactionAsync{T}"/>, which starts it, ends it, and runs the body
/// again after a conflict. The forms that return nothing are under way at once and are not waited for; the first of them that failed
/// is raised when the body has ended, and nothing is committed then. For one caller at a time.
/// </summary>
public sealed class XenstoreTransaction : XenstoreCalls
{
    private readonly record struct Waiting(XenstoreOperation Operation, string Path, string[] Words, byte[] Tail);

    private readonly XenstoreConnection connection;
    private readonly uint id;
    private readonly XenstoreBatch batch = new();
    private readonly Queue<Waiting> waiting = [];
    private bool conflict;
    private bool ended;

    internal XenstoreTransaction(XenstoreConnection connection, uint id)
    {
        this.connection = connection;
        this.id = id;
    }

    /// <summary>The server has said that this attempt cannot be committed.</summary>
    internal bool Conflict => conflict || batch.Conflict;

    public void Write(string path, string value) =>
        Post(XenstoreOperation.Write, CheckedNode(XenstoreOperation.Write, path), [path], Encoding.UTF8.GetBytes(value));

    /// <summary>Writes and sets the permissions, whatever those of the node above are.</summary>
    public void Write(string path, string value, XenstorePermissions permissions)
    {
        Write(path, value);
        SetPermissions(path, permissions);
    }

    public void MakeDirectory(string path, XenstorePermissions? permissions = null)
    {
        Post(XenstoreOperation.Mkdir, CheckedNode(XenstoreOperation.Mkdir, path), [path], []);
        if (permissions is not null)
        {
            SetPermissions(path, permissions);
        }
    }

    /// <summary>Fine when there is no such node.</summary>
    public void Remove(string path) => Post(XenstoreOperation.Rm, CheckedRemoval(path), [path], []);

    public void SetPermissions(string path, XenstorePermissions permissions)
    {
        ArgumentNullException.ThrowIfNull(permissions);
        Post(XenstoreOperation.SetPerms, Checked(XenstoreOperation.SetPerms, path), [path, .. permissions.Words()], []);
    }

    public override IDisposable Collect() => connection.Collect();

    /// <summary>False after a conflict. Raises the error of a request that was not waited for; nothing is committed then.</summary>
    internal async Task<bool> CommitAsync(CancellationToken cancel)
    {
        await SendWaitingAsync(cancel).ConfigureAwait(false);
        connection.Flush();
        await batch.DrainedAsync().WaitAsync(cancel).ConfigureAwait(false);
        if (Conflict)
        {
            await EndAsync("F").ConfigureAwait(false);
            return false;
        }

        if (batch.Error is { } failed)
        {
            throw failed;
        }

        // Not cancelled any more: whether it was committed must be known.
        var error = await EndAsync("T").ConfigureAwait(false);
        conflict = error?.Name == XenstoreErrorName.EAGAIN;
        return error is null || (conflict ? false : throw error);
    }

    /// <summary>The same without waiting for the answers before the commit is asked for.</summary>
    internal async Task<bool> CommitBehindAsync(CancellationToken cancel)
    {
        await SendWaitingAsync(cancel).ConfigureAwait(false);
        var error = await EndAsync("T").ConfigureAwait(false);
        await batch.DrainedAsync().ConfigureAwait(false);
        conflict |= error?.Name == XenstoreErrorName.EAGAIN;
        if (Conflict)
        {
            return false;
        }

        return (error ?? batch.Error) is { } failed ? throw failed : true;
    }

    /// <summary>Ends the transaction without a commit, if it has no end yet.</summary>
    internal async Task AbortAsync()
    {
        if (!ended)
        {
            waiting.Clear();
            await EndAsync("F").ConfigureAwait(false);
        }
    }

    private protected override async Task<(byte[] Payload, XenstoreError? Error)> CallAsync(
        XenstoreOperation operation, string path, string[] words, ReadOnlyMemory<byte> tail, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(ended, this);
        await SendWaitingAsync(cancel).ConfigureAwait(false);
        var answer = await connection.CallAsync(operation, id, path, words, tail, null, cancel).ConfigureAwait(false);
        conflict |= answer.Error?.Name == XenstoreErrorName.EAGAIN;
        return answer;
    }

    private async Task<XenstoreError?> EndAsync(string verdict)
    {
        ended = true;
        var (_, error) = await connection.CallAsync(XenstoreOperation.TransactionEnd, id, "/", [verdict], default, null, CancellationToken.None)
            .ConfigureAwait(false);
        return error;
    }

    private void Post(XenstoreOperation operation, string path, string[] words, byte[] tail)
    {
        ObjectDisposedException.ThrowIf(ended, this);
        batch.Expect();
        if (waiting.Count > 0 || !connection.TryPost(batch, operation, id, path, words, tail))
        {
            if (waiting.Count == XenstoreLimits.MaxPipelined)
            {
                throw new XenstoreError(operation, path, XenstoreErrorName.E2BIG);
            }

            waiting.Enqueue(new Waiting(operation, path, words, tail));
        }
    }

    private async Task SendWaitingAsync(CancellationToken cancel)
    {
        while (waiting.TryPeek(out var next))
        {
            if (connection.TryPost(batch, next.Operation, id, next.Path, next.Words, next.Tail))
            {
                waiting.Dequeue();
            }
            else
            {
                await connection.RoomAsync(cancel).ConfigureAwait(false);
            }
        }
    }
}

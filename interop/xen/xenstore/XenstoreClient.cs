using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>What a client allows itself and its server.</summary>
public sealed record XenstoreClientOptions
{
    public TimeSpan RequestDeadline { get; init; } = XenstoreLimits.RequestDeadline;

    public TimeSpan TransactionDeadline { get; init; } = XenstoreLimits.TransactionDeadline;

    public int MaxInFlight { get; init; } = XenstoreLimits.MaxInFlight;
}

/// <summary>
/// Client of a xenstore server: xenstored, oxenstored or the simulated host's, over a Unix socket, the kernel's device or any stream
/// (xenstore protocol). Safe for any number of callers; their requests share one connection and do not wait for each other. When the
/// connection is lost, what is under way fails with ECONNRESET and is not repeated; the client connects again by itself and sets its
/// watches again (each then gives its initial event). A transaction that begins meanwhile waits for that a little. Errors: <see cref="XenstoreError"/>.
/// </summary>
public sealed partial class XenstoreClient : XenstoreCalls, IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, XenstoreWatch> watches = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();
    private readonly XenstoreClientOptions options;
    private readonly ILogger logger;
    private readonly string name;
    private readonly Func<CancellationToken, Task<Stream>>? reopen;
    private readonly Task running;
    private XenstoreConnection? connection;

    /// <summary>Set while the connection is lost; completed when there is another, or none is to come.</summary>
    private TaskCompletionSource? reconnecting;
    private long lastToken;
    private bool disposed;

    private XenstoreClient(Stream stream, string name, Func<CancellationToken, Task<Stream>>? reopen, ILogger? logger, XenstoreClientOptions? options)
    {
        this.name = name;
        this.reopen = reopen;
        this.logger = logger ?? NullLogger.Instance;
        this.options = options ?? new XenstoreClientOptions();
        connection = new XenstoreConnection(stream, this.options, OnEvent);
        running = RunAsync(connection);
    }

    /// <summary>The connection is gone; callers with state on the server should take note. Handlers must be quick and not throw.</summary>
    public event Action<XenstoreError>? ConnectionLost;

    /// <summary>There is a connection again, and the watches are set again.</summary>
    public event Action? Reconnected;

    /// <summary>Connects to a Unix socket or to the kernel's device (<c>/dev/xen/xenbus</c>). Raises ECONNRESET when nobody listens.</summary>
    public static async Task<XenstoreClient> ConnectAsync(
        string path, ILogger? logger, CancellationToken cancel, XenstoreClientOptions? options = null)
    {
        var stream = await XenstoreEndpoint.OpenAsync(path, cancel).ConfigureAwait(false);
        return new XenstoreClient(stream, path, again => XenstoreEndpoint.OpenAsync(path, again), logger, options);
    }

    /// <summary>Speaks over a stream that is connected already; its end is the end of the client.</summary>
    public static XenstoreClient Attach(Stream stream, string name, ILogger? logger = null, XenstoreClientOptions? options = null) =>
        new(stream, name, null, logger, options);

    /// <summary>
    /// Runs <paramref name="body"/> in a transaction and commits it; after a conflict, at the commit or in between, all of it again, so
    /// it must be idempotent, short, and wait for nothing but the requests it makes. Another error, or an exception of the body, ends the
    /// transaction without a commit and is raised. EAGAIN when there were conflicts until the deadline.
    /// </summary>
    public Task<T> TransactionAsync<T>(Func<XenstoreTransaction, Task<T>> body, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(body);
        return TransactionAsync(body, static (transaction, cancel) => transaction.CommitAsync(cancel), cancel);
    }

    /// <summary>The same for a body that only makes requests which are not waited for: the commit leaves right behind them, which spares a round trip and
    /// nearly all conflicts. Should the server refuse one of them, its error is raised, and what it did not refuse may be committed.</summary>
    public Task ApplyAsync(Action<XenstoreTransaction> body, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(body);
        return TransactionAsync(
            transaction =>
            {
                body(transaction);
                return Task.FromResult(true);
            },
            static (transaction, cancel) => transaction.CommitBehindAsync(cancel),
            cancel);
    }

    private async Task<T> TransactionAsync<T>(
        Func<XenstoreTransaction, Task<T>> body, Func<XenstoreTransaction, CancellationToken, Task<bool>> commit, CancellationToken cancel)
    {
        var deadline = Environment.TickCount64 + (long)options.TransactionDeadline.TotalMilliseconds;
        for (var attempt = 1; ; attempt++)
        {
            var transaction = await StartAsync(cancel).ConfigureAwait(false);
            try
            {
                var result = await body(transaction).ConfigureAwait(false);
                if (await commit(transaction, cancel).ConfigureAwait(false))
                {
                    return result;
                }
            }
            catch (XenstoreError) when (transaction.Conflict)
            {
                // What failed did so in a transaction that was over already.
            }
            finally
            {
                await transaction.AbortAsync().ConfigureAwait(false);
            }

            if (Environment.TickCount64 >= deadline)
            {
                throw new XenstoreError(XenstoreOperation.TransactionEnd, "/", XenstoreErrorName.EAGAIN);
            }

            if (attempt >= XenstoreLimits.ConflictsBeforeBackOff)
            {
                await Task.Delay(Random.Shared.Next(1, (int)XenstoreLimits.MaxBackOff.TotalMilliseconds), cancel).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc cref="TransactionAsync{T}"/>
    public Task TransactionAsync(Func<XenstoreTransaction, Task> body, CancellationToken cancel) => TransactionAsync(
        async transaction =>
        {
            await body(transaction).ConfigureAwait(false);
            return true;
        },
        cancel);

    /// <summary>Tells the server of a domain whose ring page is <paramref name="gfn"/> and whose event channel is <paramref name="port"/>
    /// (the domain's end).</summary>
    public async Task IntroduceAsync(int domid, ulong gfn, int port, CancellationToken cancel) => Require(
        await DomainCallAsync(XenstoreOperation.Introduce, domid, [domid.ToString(), gfn.ToString(), port.ToString()], cancel).ConfigureAwait(false));

    /// <summary>Ends the server's dealings with a domain; fine when it does not know it.</summary>
    public async Task ReleaseAsync(int domid, CancellationToken cancel)
    {
        var (_, error) = await DomainCallAsync(XenstoreOperation.Release, domid, [domid.ToString()], cancel).ConfigureAwait(false);
        if (error is not null and not { Name: XenstoreErrorName.EINVAL or XenstoreErrorName.ENOENT })
        {
            throw error;
        }
    }

    /// <summary>The domain goes on after a shutdown that the server has reported.</summary>
    public async Task ResumeAsync(int domid, CancellationToken cancel) =>
        Require(await DomainCallAsync(XenstoreOperation.Resume, domid, [domid.ToString()], cancel).ConfigureAwait(false));

    /// <summary>Gives a domain the rights of another (a device model its guest's).</summary>
    public async Task SetTargetAsync(int domid, int target, CancellationToken cancel) => Require(
        await DomainCallAsync(XenstoreOperation.SetTarget, domid, [domid.ToString(), target.ToString()], cancel).ConfigureAwait(false));

    public async Task<bool> IsIntroducedAsync(int domid, CancellationToken cancel)
    {
        var payload = Require(
            await DomainCallAsync(XenstoreOperation.IsDomainIntroduced, domid, [domid.ToString()], cancel).ConfigureAwait(false));
        return payload is [(byte)'T', ..];
    }

    /// <summary>Path of the domain's own directory.</summary>
    public async Task<string> DomainPathAsync(int domid, CancellationToken cancel)
    {
        var payload = Require(
            await DomainCallAsync(XenstoreOperation.GetDomainPath, domid, [domid.ToString()], cancel).ConfigureAwait(false));
        return XenstoreWords.Read(XenstoreOperation.GetDomainPath, payload) is [var path] ? path : "";
    }

    // Without a connection every request fails at once: there is nothing to collect.
    public override IDisposable Collect() => Current()?.Collect() ?? Stream.Null;

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        Current()?.Dispose();
        await running.ConfigureAwait(false);
        stopping.Dispose();
    }

    private protected override Task<(byte[] Payload, XenstoreError? Error)> CallAsync(
        XenstoreOperation operation, string path, string[] words, ReadOnlyMemory<byte> tail, CancellationToken cancel) =>
        Current() is { } open
            ? open.CallAsync(operation, 0, path, words, tail, null, cancel)
            : Task.FromResult<(byte[], XenstoreError?)>(([], new XenstoreError(operation, path, XenstoreErrorName.ECONNRESET)));

    private Task<(byte[] Payload, XenstoreError? Error)> DomainCallAsync(
        XenstoreOperation operation, int domid, string[] words, CancellationToken cancel) =>
        CallAsync(operation, "domain " + domid, words, default, cancel);

    /// <summary>Starts a transaction. When the caller goes away first, the transaction that nobody has is ended.</summary>
    private async Task<XenstoreTransaction> StartAsync(CancellationToken cancel)
    {
        var open = await ConnectedAsync(cancel).ConfigureAwait(false)
            ?? throw new XenstoreError(XenstoreOperation.TransactionStart, "/", XenstoreErrorName.ECONNRESET);
        var answer = await open.CallAsync(
            XenstoreOperation.TransactionStart, 0, "/", [""], default, late => _ = new XenstoreTransaction(open, Id(late)).AbortAsync(), cancel).ConfigureAwait(false);
        return new XenstoreTransaction(open, Id(Require(answer)));

        static uint Id(byte[] payload) =>
            XenstoreWords.Read(XenstoreOperation.TransactionStart, payload) is [var text] && uint.TryParse(text, out var id) && id != 0
                ? id
                : throw new XenstoreFormatException("a transaction without an id");
    }

    /// <summary>The connection; one that was just lost is waited for. Null when it did not come back in time.</summary>
    private async ValueTask<XenstoreConnection?> ConnectedAsync(CancellationToken cancel)
    {
        Task back;
        lock (gate)
        {
            back = reconnecting?.Task ?? Task.CompletedTask;
        }

        try
        {
            await back.WaitAsync(XenstoreLimits.ReconnectWait, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The server is away for longer: there is still no connection.
        }

        return Current();
    }

    private XenstoreConnection? Current()
    {
        lock (gate)
        {
            return connection;
        }
    }
}

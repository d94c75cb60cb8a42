using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Tests.Domains;

/// <summary>Both ends' drivers of one device, as the kernels of host and guest have them: the host's end waits for the guest, the
/// guest's connects, and both close when they are told. What they do can be taken away piece by piece.</summary>
internal sealed class ScriptedDrivers : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly XenstoreClient store;
    private readonly string backend;
    private readonly string frontend;
    private readonly Task running;

    internal ScriptedDrivers(XenstoreClient store, int domid, string kind, int id)
    {
        this.store = store;
        backend = $"/local/domain/0/backend/{kind}/{domid}/{id}";
        frontend = $"/local/domain/{domid}/device/{kind}/{id}";
        running = RunAsync();
    }

    /// <summary>The guest's driver does not let go when it is asked to.</summary>
    internal bool Clings { get; set; }

    /// <summary>The guest refuses in writing.</summary>
    internal string? Refusal { get; set; }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        await using var host = await store.WatchAsync(backend, CancellationToken.None);
        await using var guest = await store.WatchAsync(frontend, CancellationToken.None);
        try
        {
            while (true)
            {
                await Task.WhenAny(
                    host.Events.WaitToReadAsync(stopping.Token).AsTask(), guest.Events.WaitToReadAsync(stopping.Token).AsTask());
                stopping.Token.ThrowIfCancellationRequested();
                while (host.Events.TryRead(out _) | guest.Events.TryRead(out _))
                {
                }

                await StepAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task StepAsync()
    {
        string? ours = await store.ReadAsync(backend + "/state", stopping.Token);
        string? theirs = await store.ReadAsync(frontend + "/state", stopping.Token);
        switch (ours, theirs)
        {
            case ("1", _):
                await store.WriteAsync(backend + "/state", "2", stopping.Token);
                break;
            case ("2", "1"):
                await store.WriteAsync(frontend + "/state", "4", stopping.Token);
                await store.WriteAsync(backend + "/state", "4", stopping.Token);
                break;
            case ("5", "4" or "1") when Refusal is { } text:
                await store.WriteAsync(frontend.Replace("/device/", "/error/device/", StringComparison.Ordinal) + "/error", text, stopping.Token);
                break;
            case ("5", "4" or "1") when !Clings:
                await store.WriteAsync(frontend + "/state", "6", stopping.Token);
                await store.WriteAsync(backend + "/state", "6", stopping.Token);
                break;
            case ("2" or "4" or "5", null):
                await store.WriteAsync(backend + "/state", "6", stopping.Token);
                break;
        }
    }
}

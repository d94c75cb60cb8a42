using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>Runs scripts as a guest agent does: control/batcmd/script when control/batcmd/state becomes READY; the answer stands beside
/// them in return (exit status) and stdout, and state says IN PROGRESS, then SUCCESS or FAILURE.</summary>
internal sealed class ScriptListener(SimulatedGuest guest, SimulatedDomain domain, GuestPaths paths)
{
    /// <summary>Longest answer: what a node of a guest takes, with room to spare.</summary>
    private const int MaxAnswer = 1500;

    public async Task RunAsync(XenstoreClient client, CancellationToken cancel)
    {
        var watch = await client.WatchAsync(paths.BatchState, cancel).ConfigureAwait(false);
        await foreach (var _ in watch.Events.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            if (await guest.ListensAsync(cancel).ConfigureAwait(false)
                && await client.ReadAsync(paths.BatchState, cancel).ConfigureAwait(false) == "READY")
            {
                await ExecuteAsync(client, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task ExecuteAsync(XenstoreClient client, CancellationToken cancel)
    {
        var script = await client.ReadAsync(paths.Batch("script"), cancel).ConfigureAwait(false) ?? "";
        await client.WriteAsync(paths.BatchState, "IN PROGRESS", cancel).ConfigureAwait(false);
        var result = GuestScripts.Run(domain, script);
        domain.Console.WriteLine($"script '{script}': {result.Output}");
        var output = result.Output.Length > MaxAnswer ? result.Output[..MaxAnswer] : result.Output;
        await client.WriteAsync(paths.Batch("stdout"), output, cancel).ConfigureAwait(false);
        await client.WriteAsync(paths.Batch("return"), result.Success ? "0" : "1", cancel).ConfigureAwait(false);
        await client.WriteAsync(paths.BatchState, result.Success ? "SUCCESS" : "FAILURE", cancel).ConfigureAwait(false);
        if (result.Then is { } code)
        {
            domain.TryShutDown(code);
        }
    }
}

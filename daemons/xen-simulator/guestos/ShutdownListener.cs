using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>Answers requests in control/shutdown: erases the node, which is the acknowledgement, and then stops for that reason.</summary>
internal sealed class ShutdownListener(SimulatedGuest guest, SimulatedDomain domain, GuestPaths paths)
{
    private const string Sleep = "s3";

    public async Task RunAsync(XenstoreClient client, CancellationToken cancel)
    {
        var watch = await client.WatchAsync(paths.Shutdown, cancel).ConfigureAwait(false);
        await foreach (var _ in watch.Events.ReadAllAsync(cancel).ConfigureAwait(false))
        {
            if (await guest.ListensAsync(cancel).ConfigureAwait(false) && !domain.Settings.IgnoresShutdown)
            {
                await AnswerAsync(client, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task AnswerAsync(XenstoreClient client, CancellationToken cancel)
    {
        string? request = await client.ReadAsync(paths.Shutdown, cancel).ConfigureAwait(false);
        ShutdownCode? reason = request switch
        {
            "poweroff" or "halt" => ShutdownCode.Poweroff,
            "reboot" => ShutdownCode.Reboot,
            "suspend" => ShutdownCode.Suspend,
            _ => null,
        };
        if (reason is null && request != Sleep)
        {
            return;
        }

        await client.WriteAsync(paths.Shutdown, "", cancel).ConfigureAwait(false);
        if (domain.Settings.ShutdownDelay > TimeSpan.Zero)
        {
            await Task.Delay(domain.Settings.ShutdownDelay, cancel).ConfigureAwait(false);
        }

        await domain.UntilRunningAsync(cancel).ConfigureAwait(false);
        if (reason is { } code)
        {
            domain.TryShutDown(code);
        }
        else
        {
            domain.TrySleep();
        }
    }
}

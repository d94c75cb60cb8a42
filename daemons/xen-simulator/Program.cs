using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.XenSimulator;

return await Daemon.RunAsync(
    args,
    ManualText.Description,
    static async context =>
    {
        var configuration = context.Configuration;
        var instance = new SimulatorInstance(
            configuration.Get(Settings.HypervisorPath), Settings.Host(configuration), context.Logs.CreateLogger("xen-simulator"));
        await using (instance.ConfigureAwait(false))
        {
            context.Ready();
            await Task.Delay(Timeout.Infinite, context.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }).ConfigureAwait(false);

using Toolstack.Hosting;
using Toolstack.Xenopsd.Server;

return await Daemon.RunAsync(
    args,
    new DaemonDescription("xenopsd", "Runs the virtual machines of one host: life cycle, devices, migration.", Settings.All),
    XenopsdMain.RunAsync).ConfigureAwait(false);

using Toolstack.Hosting;
using Toolstack.Xenopsd.Server;

return await Daemon.RunAsync(args, ManualText.Description, XenopsdMain.RunAsync).ConfigureAwait(false);

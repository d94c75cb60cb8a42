using Toolstack.Hosting;
using Toolstack.MessageSwitch;

var description = new DaemonDescription(
    "message-switch", "carries requests and replies between the daemons of the toolstack", Settings.Keys);
return await Daemon.RunAsync(args, description, async context =>
{
    await using var server = new SwitchServer(Settings.From(context.Configuration), context.Logs.CreateLogger("switch"));
    server.Listen();
    context.Ready();
    await server.RunAsync(context.Stopping);
});

using Toolstack.Hosting;
using Toolstack.MessageSwitch;

return await Daemon.RunAsync(args, ManualText.Description, async context =>
{
    await using var server = new SwitchServer(Settings.From(context.Configuration), context.Logs.CreateLogger("switch"));
    server.Listen(context.TakeSocket("message-switch"));
    context.Metrics.Add(server.WriteMetrics);
    context.Ready();
    await server.RunAsync(context.Stopping);
});

using Toolstack.Hosting;
using Toolstack.MessageSwitch;

// A turn is shorter than handing it to another thread: sockets' completions run where they are noticed. Read once, at the first socket.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

return await Daemon.RunAsync(args, ManualText.Description, async context =>
{
    await using var server = new SwitchServer(Settings.From(context.Configuration), context.Logs.CreateLogger("switch"));
    server.Listen(context.TakeSocket("message-switch"));
    context.Metrics.Add(server.WriteMetrics);
    context.Ready();
    await server.RunAsync(context.Stopping);
});

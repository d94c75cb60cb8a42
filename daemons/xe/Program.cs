using Toolstack.Cli;
using Toolstack.Idl;
using Toolstack.Xe;

// xe: the XenAPI from a shell. Exit status: 0 done, 1 failed.
const int failure = 1;
if (args is ["--complete", .. var begun])
{
    foreach (var word in Completion.Of(begun))
    {
        Console.WriteLine(word);
    }

    return 0;
}

if (args is ["--version"])
{
    Console.WriteLine("xe " + typeof(XeOptions).Assembly.GetName().Version?.ToString(3));
    return 0;
}

if (args is ["--help=man"])
{
    Console.Write(CliManual.Page(typeof(XeOptions).Assembly.GetName().Version?.ToString(3) ?? ""));
    return 0;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    // The first asks, and cancels the task that runs; the second finds the default action again.
    press.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
};
try
{
    var file = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".xe");
    var options = XeOptions.Parse(args, Environment.GetEnvironmentVariable("XE_EXTRA_ARGS"), File.Exists(file) ? File.ReadAllLines(file) : []);
    var arguments = CliArguments.Parse(options.Words is [] or ["--help"] ? ["help"] : options.Words);
    using var connection = Connection.Open(options);
    var terminal = new Terminal(connection.Http, options.Progress);
    if (CliRunner.IsLocal(arguments))
    {
        return await CliRunner.RunAsync(arguments, null, terminal, stop.Token);
    }

    await connection.LoginAsync(CliRunner.IsOfOneHost(arguments), options, stop.Token);
    try
    {
        return await CliRunner.RunAsync(arguments, connection, terminal, stop.Token);
    }
    finally
    {
        await connection.LogoutAsync();
    }
}
catch (CliUsageError wrong)
{
    Console.Error.WriteLine($"{wrong.Message}\nFor usage run: 'xe help'");
}
catch (XenApiError refused) when (refused.Code == "SESSION_AUTHENTICATION_FAILED")
{
    Console.Error.WriteLine("Authentication failed");
}
catch (XenApiError error)
{
    Console.Error.Write(ErrorText.Of(error));
}
catch (HttpRequestException error)
{
    Console.Error.WriteLine("The server cannot be reached: " + error.Message);
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Interrupted.");
}

return failure;

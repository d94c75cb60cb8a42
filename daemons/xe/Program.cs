using Toolstack.Idl;
using Toolstack.Xe;

// xe: the XenAPI from a shell. Exit status: 0 done, 1 the call failed, 2 wrong usage.
if (args.Length == 0 || args.Contains("--help") || args[0] == "help")
{
    await Console.Out.WriteAsync(HelpText.Write());
    return args.Length == 0 ? 2 : 0;
}

if (args.Contains("--version"))
{
    Console.WriteLine("xe " + typeof(XeArguments).Assembly.GetName().Version?.ToString(3));
    return 0;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};
try
{
    var arguments = XeArguments.Parse(args);
    var command = Commands.Resolve(arguments);
    using var xapi = Connection.Open(arguments);
    await xapi.LoginAsync(arguments, stop.Token);
    try
    {
        await command(xapi, arguments, Console.Out, stop.Token);
        return 0;
    }
    finally
    {
        await xapi.LogoutAsync();
    }
}
catch (UsageException wrong)
{
    Console.Error.WriteLine($"xe: {wrong.Message}; see xe --help");
    return 2;
}
catch (XenApiError error)
{
    Console.Error.WriteLine("Error code: " + error.Code);
    Console.Error.WriteLine("Error parameters: " + string.Join(", ", error.Parameters));
    return 1;
}
catch (HttpRequestException error)
{
    Console.Error.WriteLine("xe: the server cannot be reached: " + error.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("xe: interrupted");
    return 1;
}

using System.Diagnostics;
using System.Text.Json;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Asks a host's xenopsd as any other daemon would, through the switch.</summary>
internal static class XenopsCall
{
    private const string Queue = "org.xen.xapi.xenops.classic";

    /// <summary>The result of a call; fails the test, with the answer, when there is none.</summary>
    internal static Task<JsonElement> AskAsync(PoolHost host, string method, CancellationToken cancel, params (string Name, object Value)[] parameters) =>
        AskAsync(host, Queue, method, cancel, parameters);

    /// <summary>The same in a queue of another name.</summary>
    internal static async Task<JsonElement> AskAsync(PoolHost host, string queue, string method, CancellationToken cancel, params (string Name, object Value)[] parameters)
    {
        var named = parameters.Prepend(("debug_info", "test")).ToDictionary(static p => p.Item1, static p => p.Item2);
        var request = JsonSerializer.Serialize(new { method, @params = new[] { named }, id = 1 });
        using var call = Process.Start(new ProcessStartInfo(
            Path.Combine(new PoolOptions().Binaries, "switch-cli"), ["--socket", host.SwitchSocket, "call", queue, request])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = await call.StandardOutput.ReadToEndAsync(cancel);
        await call.WaitForExitAsync(cancel);
        Assert.True(call.ExitCode == 0, await call.StandardError.ReadToEndAsync(cancel) + output);
        var answer = JsonDocument.Parse(output).RootElement;
        return answer.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException($"{method}: {output}");
    }

    /// <summary>Waits until a call's task has ended well.</summary>
    internal static async Task EndAsync(PoolHost host, JsonElement task, CancellationToken cancel)
    {
        while (true)
        {
            var state = (await AskAsync(host, "Task.stat", cancel, ("id", task.GetString()!))).GetProperty("state");
            var name = state[0].GetString();
            if (name != "Pending")
            {
                Assert.True(name == "Completed", state.ToString());
                await AskAsync(host, "Task.destroy", cancel, ("id", task.GetString()!));
                return;
            }

            await Task.Delay(20, cancel);
        }
    }
}

using System.Diagnostics;
using System.Text.Json;
using Xunit;
using static Toolstack.Tests.EndToEnd.Switch.SwitchUnderTest;

namespace Toolstack.Tests.EndToEnd.Switch;

/// <summary>switch-cli, every command of it, as processes.</summary>
public sealed class SwitchCliTests
{
    private const string Queue = "org.xen.xapi.cli";

    [Fact]
    public async Task Call_and_serve_with_a_command_list_and_alive()
    {
        await using var world = await StartAsync();
        world.Cli("serve", Queue, "tr", "a-z", "A-Z");
        await EventuallyAsync(() => world.ServedAsync(Queue));
        Assert.Equal((0, "HELLO\n", ""), await world.RunCliAsync("call", Queue, "hello"));
        var (_, list, _) = await world.RunCliAsync("list", "org.");
        Assert.Matches($@"^QUEUE +KIND +CONSUMERS +WAITING +TAKEN +BYTES\n{Queue} +persistent +1 +0 +0 +0\n$", list);
        Assert.Equal(list, (await world.RunCliAsync("alive", "org.")).Output);
        Assert.DoesNotContain("nothing", (await world.RunCliAsync("alive", "nothing")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_takes_its_request_from_standard_input_and_serve_echoes_without_a_command()
    {
        await using var world = await StartAsync();
        world.Cli("serve", Queue);
        await EventuallyAsync(() => world.ServedAsync(Queue));
        var call = world.Cli("call", Queue);
        await call.StandardInput.WriteAsync("from stdin");
        call.StandardInput.Close();
        Assert.Equal("from stdin\n", await call.StandardOutput.ReadToEndAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task What_fails_is_said_by_its_name_and_status()
    {
        await using var world = await StartAsync("no-consumer-grace = 0.1");
        var (status, output, error) = await world.RunCliAsync("call", "nobody", "x");
        Assert.Equal((1, ""), (status, output));
        Assert.Contains("NoConsumer: nobody serves queue nobody", error, StringComparison.Ordinal);
        world.Cli("serve", "failing", "false");
        await EventuallyAsync(() => world.ServedAsync("failing"));
        (status, _, error) = await world.RunCliAsync("call", "failing", "x");
        Assert.Equal(1, status);
        Assert.Contains("HandlerFailed: false: exit status 1", error, StringComparison.Ordinal);
        Assert.Equal(2, (await world.RunCliAsync("nonsense")).Status);
        Assert.Equal(2, (await world.RunCliAsync("call")).Status);
        Assert.Equal(2, (await world.RunCliAsync("--timeout", "x", "list")).Status);
        await world.KillAsync();
        Assert.Equal(1, (await world.RunCliAsync("list")).Status);
    }

    [Fact]
    public async Task Diagnostics_show_what_waits()
    {
        await using var world = await StartAsync();
        var call = world.Cli("call", Queue, "waiting payload");
        await EventuallyAsync(() => world.WaitsAsync(Queue));
        using var diagnostics = JsonDocument.Parse((await world.RunCliAsync("diagnostics")).Output);
        var entry = diagnostics.RootElement.GetProperty("permanent_queues").GetProperty(Queue).GetProperty("queue_contents")[0][1];
        Assert.Equal("waiting payload", entry.GetProperty("message").GetProperty("payload").GetString());
        Assert.Equal($"switch-cli:{call.Id}", entry.GetProperty("origin")[1].GetString());
    }

    [Fact]
    public async Task Tail_prints_every_step_of_a_call_as_it_happens()
    {
        await using var world = await StartAsync();
        world.Cli("serve", Queue);
        await EventuallyAsync(() => world.ServedAsync(Queue));
        var tail = world.Cli("tail");
        await world.RunCliAsync("call", Queue, "traced");
        var lines = new List<string>();
        while (lines.Count < 5)
        {
            lines.Add(await tail.StandardOutput.ReadLineAsync().WaitAsync(Patience) ?? "(end)");
        }

        Assert.Matches($@"-> {Queue} -> +#\d+  request traced$", lines[0]);
        Assert.Matches($@" -> {Queue} -> switch-cli:\d+  #\d+  request traced$", lines[1]);
        Assert.Contains(lines, line => line.EndsWith("response traced", StringComparison.Ordinal) || line.Contains("response traced  ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.EndsWith("  ack", StringComparison.Ordinal));
        Assert.Equal(0, await InterruptAsync(tail));
    }

    [Fact]
    public async Task Sequence_draws_a_chart_that_mscgen_reads()
    {
        await using var world = await StartAsync();
        world.Cli("serve", Queue);
        await EventuallyAsync(() => world.ServedAsync(Queue));
        var sequence = world.Cli("sequence");
        await world.RunCliAsync("call", Queue, "x");
        await Task.Delay(500);
        Assert.Equal(0, await InterruptAsync(sequence));
        var chart = await sequence.StandardOutput.ReadToEndAsync();
        var lines = chart.TrimEnd('\n').Split('\n');
        Assert.Equal("msc {", lines[0]);
        Assert.Equal("}", lines[^1]);
        Assert.Matches("^  (\"[^\"]*\",?)+;$", lines[1]);
        Assert.All(lines[2..^1], line => Assert.Matches("^  \"[^\"]*\" (=>|->|>>|-x) \"[^\"]*\" \\[ label = \"[^\"]*\" \\];$", line));
        Assert.Contains(lines, line => line.Contains($"=> \"{Queue}\" [ label = \"request ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(">> \"reply.switch-cli:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_draws_the_list_anew_until_it_is_interrupted()
    {
        await using var world = await StartAsync();
        world.Cli("serve", Queue);
        await EventuallyAsync(() => world.ServedAsync(Queue));
        var watch = world.Cli("watch", "org.");
        for (var (screens, seen) = (0, false); screens < 2 || !seen;)
        {
            var line = await watch.StandardOutput.ReadLineAsync().WaitAsync(Patience);
            screens += line!.StartsWith("\e[H\e[2J", StringComparison.Ordinal) ? 1 : 0;
            seen |= line.StartsWith(Queue, StringComparison.Ordinal);
        }

        Assert.Equal(0, await InterruptAsync(watch));
    }

    [Fact]
    public async Task Destroy_removes_a_queue_and_shutdown_ends_the_switch()
    {
        await using var world = await StartAsync();
        var server = world.Cli("serve", Queue);
        await EventuallyAsync(() => world.ServedAsync(Queue));
        server.Kill();
        await EventuallyAsync(async () => !await world.ServedAsync(Queue));
        Assert.Equal(0, (await world.RunCliAsync("destroy", Queue)).Status);
        Assert.DoesNotContain(Queue, (await world.RunCliAsync("list")).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await world.RunCliAsync("destroy", Queue)).Status);
        Assert.Equal(0, (await world.RunCliAsync("shutdown")).Status);
        await EventuallyAsync(() => Task.FromResult(!File.Exists(world.Socket)));
    }

    [Fact]
    public async Task Help_and_the_manual_name_every_command_and_option()
    {
        await using var world = new SwitchUnderTest();
        var (status, help, _) = await world.RunCliAsync("--help");
        Assert.Equal(0, status);
        var manual = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "packaging", "man", "switch-cli.1"));
        foreach (var word in (string[])["list", "alive", "watch", "diagnostics", "tail", "sequence", "call", "serve", "destroy", "shutdown", "--socket", "--timeout", "--repeatable"])
        {
            Assert.Contains($"            {word}"[8..], help, StringComparison.Ordinal);
            Assert.Contains(word.Replace("-", "\\-", StringComparison.Ordinal), manual, StringComparison.Ordinal);
        }
    }

    private static async Task<SwitchUnderTest> StartAsync(string configuration = "")
    {
        var world = new SwitchUnderTest(configuration);
        await world.StartAsync();
        return world;
    }

    private static async Task<int> InterruptAsync(Process process)
    {
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        await process.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode;
    }
}

using System.Diagnostics;
using Xunit;
using static Toolstack.Tests.EndToEnd.Switch.SwitchUnderTest;

namespace Toolstack.Tests.EndToEnd.Switch;

/// <summary>Every party of a call (caller, switch, server; all of them native processes) is killed at every step of it and started again.
/// What the caller is told is what happened, nothing runs for nobody, and the next call works.</summary>
public sealed class SwitchKillTests
{
    private const string Queue = "org.xen.xapi.killed";

    public enum Step
    {
        /// <summary>The request is in its queue, nobody has taken it.</summary>
        Waiting,

        /// <summary>The server works on it.</summary>
        Taken,

        /// <summary>The caller has the reply.</summary>
        Answered,
    }

    public enum Party
    {
        Caller,
        Switch,
        Server,
    }

    public static TheoryData<Step, Party, bool> Cases
    {
        get
        {
            var cases = new TheoryData<Step, Party, bool>();
            foreach (var step in Enum.GetValues<Step>())
            {
                foreach (var party in Enum.GetValues<Party>())
                {
                    cases.Add(step, party, false);
                    cases.Add(step, party, true);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_party_is_killed_at_a_step(Step step, Party party, bool repeatable)
    {
        await using var world = new SwitchUnderTest("no-consumer-grace = 60");
        await world.StartAsync();
        var server = await ReachServerAsync(world, step);
        var call = Call(world, "first", repeatable);
        if (step == Step.Waiting)
        {
            await EventuallyAsync(() => world.WaitsAsync(Queue));
            if (party == Party.Server)
            {
                // One that comes and dies before it took anything is one that stands in line, stopped, with its window used up.
                server = await StopBeforeTakingAsync(world);
            }
        }
        else
        {
            await EventuallyAsync(() => Task.FromResult(world.Runs == 1));
            if (step == Step.Answered)
            {
                world.Go();
                Assert.Equal((0, "first"), await EndAsync(call));
            }
        }

        await KillAsync(world, party, call, server);
        world.Go();
        if (party == Party.Switch)
        {
            await world.StartAsync();
        }

        if (server is null || server.HasExited)
        {
            world.Server(Queue);
        }

        await EventuallyAsync(() => world.ServedAsync(Queue));
        await CheckFirstAsync(world, step, party, repeatable, call);
        Assert.Equal((0, "next"), await EndAsync(Call(world, "next", repeatable)));
        await EventuallyAsync(async () => !await world.WaitsAsync(Queue));
    }

    private static async Task CheckFirstAsync(SwitchUnderTest world, Step step, Party party, bool repeatable, Process call)
    {
        if (step == Step.Answered)
        {
            Assert.Equal(1, world.Runs);
            return;
        }

        switch (party)
        {
            case Party.Caller:
                // What nobody waits for does not begin to run; what runs ends.
                Assert.Equal(step == Step.Waiting ? 0 : 1, world.Runs);
                break;
            case Party.Switch when !repeatable:
                var (status, _) = await EndAsync(call);
                Assert.Equal(1, status);
                Assert.Contains("Disconnected", await call.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
                Assert.Equal(step == Step.Waiting ? 0 : 1, world.Runs);
                break;
            default:
                // Repeated because that is safe, or delivered again because it was not acknowledged.
                Assert.Equal((0, "first"), await EndAsync(call));
                Assert.Equal(step == Step.Waiting ? 1 : 2, world.Runs);
                break;
        }
    }

    private static async Task<Process?> ReachServerAsync(SwitchUnderTest world, Step step)
    {
        if (step == Step.Waiting)
        {
            return null;
        }

        var server = world.Server(Queue);
        await EventuallyAsync(() => world.ServedAsync(Queue));
        return server;
    }

    /// <summary>A server that connects and is gone before it subscribed: it serves another queue first.</summary>
    private static async Task<Process> StopBeforeTakingAsync(SwitchUnderTest world)
    {
        var other = world.Server("org.xen.xapi.other");
        await EventuallyAsync(() => world.ServedAsync("org.xen.xapi.other"));
        return other;
    }

    private static Process Call(SwitchUnderTest world, string payload, bool repeatable)
    {
        string[] options = repeatable ? ["--repeatable"] : [];
        return world.Cli([.. options, "call", Queue, payload]);
    }

    private static async Task<(int Status, string Output)> EndAsync(Process call)
    {
        var output = await call.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await call.WaitForExitAsync().WaitAsync(Patience);
        return (call.ExitCode, output.TrimEnd('\n'));
    }

    private static async Task KillAsync(SwitchUnderTest world, Party party, Process call, Process? server)
    {
        if (party == Party.Switch)
        {
            await world.KillAsync();
            return;
        }

        var victim = party == Party.Caller ? call : server!;
        if (!victim.HasExited)
        {
            victim.Kill();
            await victim.WaitForExitAsync();
        }

        // The switch has seen it when it does not list the victim's queue any more.
        var reply = $"reply.switch-cli:{victim.Id}.";
        await EventuallyAsync(async () => !(await world.RunCliAsync("list", reply)).Output.Contains(reply, StringComparison.Ordinal));
    }
}

using System.Collections.Immutable;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.XenSimulator.Hypercalls;

/// <summary>The faults in force, and what each of them does to a call. Safe for any thread.</summary>
internal sealed class FaultTable
{
    private const int MaxFaults = 64;
    private readonly Lock sync = new();
    private readonly List<FaultRule> rules = [];
    private TaskCompletionSource cleared = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableArray<string> List()
    {
        lock (sync)
        {
            return [.. rules.Select(r => r.Text)];
        }
    }

    public void Add(FaultRule rule)
    {
        lock (sync)
        {
            if (rules.Count >= MaxFaults)
            {
                throw new HypercallError(Tmds.Linux.LibC.ENOSPC, $"over {nameof(MaxFaults)} faults");
            }

            rules.Add(rule);
        }
    }

    /// <summary>Takes every fault back; what hangs goes on.</summary>
    public void Clear()
    {
        lock (sync)
        {
            rules.Clear();
            cleared.SetResult();
            cleared = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Comes before each call: does what the faults that match say.</summary>
    public async ValueTask ApplyAsync(string call, long? domid, CancellationToken cancel)
    {
        if (Match(call, domid) is not var (rule, release))
        {
            return;
        }

        switch (rule.Kind)
        {
            case FaultKind.Fail:
                throw new HypercallError(rule.Number, $"fault '{rule.Text}'");
            case FaultKind.Delay:
                await Task.Delay(rule.Number, cancel).ConfigureAwait(false);
                return;
            case FaultKind.Hang:
                await release.WaitAsync(cancel).ConfigureAwait(false);
                return;
            default:
                Die();
                return;
        }
    }

    /// <summary>As a crash of the machine would: nothing is written back, nobody is told.</summary>
    private static void Die()
    {
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    private (FaultRule Rule, Task Release)? Match(string call, long? domid)
    {
        lock (sync)
        {
            for (var i = 0; i < rules.Count; i++)
            {
                var rule = rules[i];
                if (!rule.Matches(call, domid))
                {
                    continue;
                }

                if (rule.Nth is not { } nth)
                {
                    return (rule, cleared.Task);
                }

                if (nth > 1)
                {
                    rules[i] = rule with { Nth = nth - 1 };
                    continue;
                }

                rules.RemoveAt(i);
                return (rule, cleared.Task);
            }

            return null;
        }
    }
}

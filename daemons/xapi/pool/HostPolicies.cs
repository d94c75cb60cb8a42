using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Pool;

/// <summary>Settings of pool and host that this host's xenopsd is told: which features its guests' agents have, where VMs stand on NUMA nodes.
/// Told when it starts, when they change, and with each round, so that no host misses a change for long.</summary>
internal sealed class HostPolicies(XapiServices services)
{
    /// <summary>The feature of guest agents that the pool's guest_agent_config is about, and its parameters by the key of the configuration.</summary>
    private const string AutoUpdate = "Guest_agent_auto_update";

    private readonly Lock gate = new();
    private Task last = Task.CompletedTask;
    private (host_numa_affinity_policy Numa, ImmutableSortedDictionary<string, string> Agent)? told;

    internal static ImmutableSortedDictionary<string, string> AgentKeys { get; } = ImmutableSortedDictionary<string, string>.Empty
        .Add("auto_update_enabled", "enabled")
        .Add("auto_update_url", "update_url");

    /// <summary>Tells xenopsd what it does not know yet, one call after the other. Raises XenopsError.</summary>
    internal Task ApplyAsync(CancellationToken cancel)
    {
        lock (gate)
        {
            return last = AfterAsync(last, cancel);
        }
    }

    private async Task AfterAsync(Task before, CancellationToken cancel)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        host row = await services.Database.Get(services.Identity.Localhost, cancel).ConfigureAwait(false);
        services.HttpsOnly = row.https_only;
        if (services.Xenops is not { } xenops)
        {
            return;
        }

        ImmutableSortedDictionary<string, string> agent =
            (await services.Database.GetAll<pool>(cancel).ConfigureAwait(false)).Select(static p => p.Value.guest_agent_config).FirstOrDefault()
            ?? ImmutableSortedDictionary<string, string>.Empty;
        if (told is { } known && known.Numa == row.numa_affinity_policy && known.Agent.SequenceEqual(agent))
        {
            return;
        }

        await xenops.HostSetNumaAffinityPolicy("host policies", Policy(row.numa_affinity_policy), cancel).ConfigureAwait(false);
        await xenops.HostUpdateGuestAgentFeatures("host policies", [Feature(agent)], cancel).ConfigureAwait(false);
        told = (row.numa_affinity_policy, agent);
    }

    private static NumaAffinityPolicy? Policy(host_numa_affinity_policy value) => value switch
    {
        host_numa_affinity_policy.any => NumaAffinityPolicy.Any,
        host_numa_affinity_policy.best_effort => NumaAffinityPolicy.Best_effort,
        _ => null,
    };

    private static GuestAgentFeature Feature(ImmutableSortedDictionary<string, string> agent) => new()
    {
        name = AutoUpdate,
        licensed = true,
        parameters = agent.Where(static p => AgentKeys.ContainsKey(p.Key)).ToImmutableSortedDictionary(static p => AgentKeys[p.Key], static p => p.Value),
    };
}

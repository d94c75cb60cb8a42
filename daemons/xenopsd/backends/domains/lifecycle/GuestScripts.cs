using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Scripts that a guest's agent runs (xenstore: <c>control/batcmd</c>): the script is written and the state made READY; the
/// agent writes what came of it and the state SUCCESS, TRUNCATED (success with more output than there is room for) or FAILURE.</summary>
internal sealed class GuestScripts(IHypervisor hypervisor, XenstoreClient store, TimeSpan timeout)
{
    private const string Ready = "READY";
    private const string InProgress = "IN PROGRESS";

    /// <summary>What the script wrote. XenopsError Failed_to_run_script when it failed or nobody answered.</summary>
    public async Task<string> RunAsync(DomainEntry entry, string script, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (script.Length is 0 or > DomainLimits.MaxScript)
        {
            throw Failed($"a script of {script.Length} characters");
        }

        if (hypervisor.Own(entry) is not { Paused: false, ShutdownCode: null })
        {
            throw Failed("the guest does not run");
        }

        string root = StorePaths.Domain(entry.Domid, "control/batcmd");
        string state = root + "/state";
        await store.ApplyAsync([root], [new(root + "/script", script), new(state, Ready)], cancel).ConfigureAwait(false);
        string? ended = null;
        bool answered = await store.WaitUntilAsync([state], async token =>
        {
            ended = await store.ReadAsync(state, token).ConfigureAwait(false);
            return ended is not (Ready or InProgress);
        }, timeout, cancel).ConfigureAwait(false);
        if (!answered)
        {
            await store.RemoveAsync(root, cancel).ConfigureAwait(false);
            throw Failed("the guest did not answer");
        }

        var results = await store.ReadAllAsync([root + "/return", root + "/stdout", root + "/stderr"], cancel).ConfigureAwait(false);
        await store.RemoveAsync(root, cancel).ConfigureAwait(false);
        return ended is "SUCCESS" or "TRUNCATED"
            ? results[1] ?? ""
            : throw Failed(results[2] is { Length: > 0 } text ? text : results[1] is { Length: > 0 } output ? output : $"return code {results[0] ?? "unknown"}");
    }

    private static XenopsError Failed(string reason) => new(new XenopsErrorValue.Failed_to_run_script(reason));
}

using System.Collections.Immutable;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Hosts;

/// <summary>Switching hosts off and on, and their agents. Forwarding has checked that the host is disabled and entered the operation.</summary>
internal sealed partial class HostMessages
{
    /// <summary>The plug-in on the coordinator that switches on another host.</summary>
    private const string PowerOnPlugin = "power-on-host";

    /// <summary>Raises HOST_IN_USE [host; VM; ref] while a VM is on the host.</summary>
    public override Task reboot(Call call, Ref<host> host) => PowerAsync(call, host, Settings.RebootCommand);

    /// <summary>Raises HOST_IN_USE [host; VM; ref] while a VM is on the host.</summary>
    public override Task shutdown(Call call, Ref<host> host) => PowerAsync(call, host, Settings.ShutdownCommand);

    /// <summary>Runs the plug-in <c>power-on-host</c> on the coordinator. Raises HOST_POWER_ON_MODE_DISABLED, XENAPI_MISSING_PLUGIN [plugin], and
    /// what the plug-in answers.</summary>
    public override async Task power_on(Call call, Ref<host> host)
    {
        host row = await database.Get(host, call.Cancellation).ConfigureAwait(false);
        if (row.power_on_mode.Length == 0)
        {
            throw new XenApiError("HOST_POWER_ON_MODE_DISABLED");
        }

        ImmutableSortedDictionary<string, string> arguments = row.power_on_config
            .SetItem("remote_host_uuid", row.uuid)
            .SetItem("power_on_mode", row.power_on_mode);
        await call_plugin(call, services.Identity.Localhost, PowerOnPlugin, "main", arguments).ConfigureAwait(false);
    }

    /// <summary>Ends this host's xapi; its supervisor does not start it again.</summary>
    public override Task shutdown_agent(Call call)
    {
        services.Stop("host.shutdown_agent");
        return Task.CompletedTask;
    }

    private async Task PowerAsync(Call call, Ref<host> self, ConfigKey<string> command)
    {
        foreach ((Ref<VM> vm, VM row) in await database.GetAll<VM>(call.Cancellation).ConfigureAwait(false))
        {
            if (row.resident_on == self && !row.is_control_domain)
            {
                throw new XenApiError("HOST_IN_USE", self.ToString(), "VM", vm.ToString());
            }
        }

        await CommandAsync(command, [], call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Runs a command of the configuration and returns what it wrote. Raises INTERNAL_ERROR with its complaint when it fails.</summary>
    private async Task<string> CommandAsync(ConfigKey<string> key, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        string path = services.Configuration.Get(key);
        ScriptOutcome outcome = await scripts.RunAsync(path, arguments, "", cancel).ConfigureAwait(false);
        return outcome.Status == 0
            ? outcome.Output.Trim()
            : throw new XenApiError("INTERNAL_ERROR", $"{key.Name} = {path}: exit status {outcome.Status}: {outcome.Errors.Trim()}");
    }
}

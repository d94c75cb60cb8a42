using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Hosts;

/// <summary>What the hypervisor is booted with: options on its command line, which a command of the configuration reads and writes.</summary>
internal sealed partial class HostMessages
{
    private const string Granularity = "sched-gran";

    /// <summary>What the next boot will have. Raises INTERNAL_ERROR when the command fails or answers something else.</summary>
    public override async Task<host_sched_gran> get_sched_gran(Call call, Ref<host> self)
    {
        string option = await CommandAsync(Settings.XenCommandLine, ["--get-xen", Granularity], call.Cancellation).ConfigureAwait(false);
        return option switch
        {
            "" or $"{Granularity}=cpu" => host_sched_gran.cpu,
            $"{Granularity}=core" => host_sched_gran.core,
            $"{Granularity}=socket" => host_sched_gran.socket,
            _ => throw new XenApiError("INTERNAL_ERROR", $"{Settings.XenCommandLine.Name} answers '{option}'"),
        };
    }

    /// <summary>Counts from the next boot on. Raises INTERNAL_ERROR when the command fails.</summary>
    public override async Task set_sched_gran(Call call, Ref<host> self, host_sched_gran value)
    {
        string word = value switch
        {
            host_sched_gran.core => "core",
            host_sched_gran.socket => "socket",
            _ => "cpu",
        };
        await CommandAsync(Settings.XenCommandLine, ["--set-xen", $"{Granularity}={word}"], call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>The administrator has done by hand what an update asked for.</summary>
    public override async Task emergency_clear_mandatory_guidance(Call call) =>
        await database.Update(services.Identity.Localhost, static r => r with { pending_guidances = [] }, call.Cancellation).ConfigureAwait(false);
}

namespace Toolstack.Tests.Xen;

/// <summary>What the toolstack told Xen and xenstore of a running guest, read back with Xen's own tools.</summary>
internal sealed partial class Scenario
{
    private const string Weight = "300";
    private const string Cap = "150";
    private const string OnlyProcessor = "0";

    /// <summary>Before the start: where its processors may run, and what share of the machine is theirs.</summary>
    private async Task ScheduleAsync(Guest guest, CancellationToken cancel) => await client.CallAsync(
        "VM.set_VCPUs_params", cancel, guest.Ref, new Dictionary<string, string> { ["mask"] = OnlyProcessor, ["weight"] = Weight, ["cap"] = Cap });

    private async Task SettingsAsync(CancellationToken cancel)
    {
        int domid = await hardware!.DomidAsync(cancel);
        await SchedulingIsAsync(hardware, domid, cancel);
        string tree = await machine.RunAsync(
            $"xenstore-ls -fp /local/domain/{domid}; xenstore-ls -fp /local/domain/0/backend/vbd/{domid}; xenstore-ls -fp /local/domain/0/backend/vif/{domid}",
            cancel);

        // Both ends of each device are their driver's own and readable for the other; what is the toolstack's the guest reads at most.
        HasAccess($"/local/domain/{domid}/vm", $"n0,r{domid}");
        HasAccess($"/local/domain/{domid}/memory/target", $"n0,r{domid}");
        HasAccess($"/local/domain/{domid}/data", $"n{domid}");
        HasAccess($"/local/domain/{domid}/control", $"n{domid}");
        foreach (var (kind, device) in new[] { ("vbd", "51712"), ("vif", "0") })
        {
            HasAccess($"/local/domain/{domid}/device/{kind}/{device}/state", $"n{domid},r0");
            HasAccess($"/local/domain/0/backend/{kind}/{domid}/{device}/state", $"n0,r{domid}");
        }

        void HasAccess(string path, string access) => ScenarioFailure.Unless(
            tree.Split('\n').Any(line => line.StartsWith(path + " = ", StringComparison.Ordinal) && line.Contains($"({access})", StringComparison.Ordinal)),
            $"{path} is not there with the permissions {access}: {tree}");
    }

    private static async Task SchedulingIsAsync(Guest guest, int domid, CancellationToken cancel)
    {
        string shares = await guest.Machine.RunAsync($"xl sched-credit2 -d {domid}", cancel);
        string[] words = shares.Split('\n')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ScenarioFailure.Unless(words[^2] == Weight && words[^1] == Cap, "scheduling: " + shares);

        // Name, ID, VCPU, CPU, State, Time, hard and soft affinity.
        string processors = await guest.Machine.RunAsync($"xl vcpu-list {domid} | tail -n +2", cancel);
        string[][] rows = [.. processors.Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        ScenarioFailure.Unless(
            rows.Length > 0 && rows.All(static row => row.Length > 5 && row[^3] == OnlyProcessor && row[^1] == "all"), "affinity: " + processors);
    }
}

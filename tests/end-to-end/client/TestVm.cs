using System.Globalization;

namespace Toolstack.EndToEnd.Client;

/// <summary>Making a VM the way a client does: from the built-in template.</summary>
public static class TestVm
{
    /// <summary>Clones the template and sets its memory and how many pages a second its guest writes. Gives the reference of a halted VM.</summary>
    public static async Task<string> CreateAsync(
        XenApiClient client, string name, int memoryMib, int dirtyPagesPerSecond, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        var records = await client.MapAsync("VM.get_all_records", cancellation);
        var template = records.FirstOrDefault(entry =>
            entry.Value is Dictionary<string, object> record && record["is_a_template"] is true && record["is_a_snapshot"] is false).Key
            ?? throw new XenApiFailure(["NO_TEMPLATE"]);
        var vm = await client.TextAsync("VM.clone", cancellation, template, name);
        await client.CallAsync("VM.set_is_a_template", cancellation, vm, false);
        var bytes = (memoryMib * 1024L * 1024L).ToString(CultureInfo.InvariantCulture);
        await client.CallAsync("VM.set_memory_limits", cancellation, vm, bytes, bytes, bytes, bytes);
        await SetPlatformAsync("sim-dirty-pages-per-s", dirtyPagesPerSecond);
        // The whole of its memory holds data, so that all of it has to travel.
        await SetPlatformAsync("sim-working-set-mib", memoryMib);
        return vm;

        async Task SetPlatformAsync(string key, int value)
        {
            await client.CallAsync("VM.remove_from_platform", cancellation, vm, key);
            await client.CallAsync("VM.add_to_platform", cancellation, vm, key, value.ToString(CultureInfo.InvariantCulture));
        }
    }
}

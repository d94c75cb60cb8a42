using System.Globalization;

namespace Toolstack.EndToEnd.Client;

/// <summary>What the guest in a simulated VM says about its memory. The guest keeps writing: <see cref="Counter"/> counts its writes and
/// only grows; <see cref="Errors"/> counts pages whose content is not what the guest last wrote there.</summary>
public sealed record GuestMemory(long Counter, long Pages, long Errors, double LongestPauseMs, string Checksum)
{
    /// <summary>Asks the guest, through the plugin that runs scripts in it. Raises <see cref="XenApiFailure"/> or <see cref="FormatException"/>.</summary>
    public static async Task<GuestMemory> VerifyAsync(XenApiClient client, string vm, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        var arguments = new Dictionary<string, string> { ["script"] = "verify-memory" };
        return Parse(await client.TextAsync("VM.call_plugin", cancellation, vm, "guest-agent-operation", "run-script", arguments));
    }

    private static GuestMemory Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1].Trim(), StringComparer.Ordinal);
        return new GuestMemory(Whole("counter"), Whole("pages"), Whole("errors"),
            double.Parse(Word("longest-pause-ms"), CultureInfo.InvariantCulture), Word("checksum"));

        long Whole(string name) => long.Parse(Word(name), CultureInfo.InvariantCulture);

        string Word(string name) => words.TryGetValue(name, out var text) ? text : throw new FormatException($"no {name} in the guest's answer: {line}");
    }
}

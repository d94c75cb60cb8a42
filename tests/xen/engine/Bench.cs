using System.Globalization;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>What is measured: each round starts, saves, restores and moves the same guest once with each toolstack.</summary>
internal sealed record BenchPlan(int Rounds, int Mib, int Vcpus, IReadOnlyList<string> Kinds, IReadOnlyList<string> Steps, bool Theirs)
{
    private const string Image = "/tmp/bench-image";

    /// <summary>Words <c>name=value</c>: rounds, mib, vcpus, kinds (pvh,pv), steps (save,migrate,break), xl (no: our side alone).</summary>
    public static BenchPlan Parse(IEnumerable<string> words)
    {
        var values = words.Select(static word => word.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[^1]);
        int Number(string name, int otherwise) => int.Parse(values.GetValueOrDefault(name) ?? otherwise.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return new BenchPlan(
            Number("rounds", 3), Number("mib", 112), Number("vcpus", 1), (values.GetValueOrDefault("kinds") ?? "pvh,pv").Split(','),
            (values.GetValueOrDefault("steps") ?? "save,migrate,break").Split(','), values.GetValueOrDefault("xl") != "no");
    }

    public async Task RunAsync()
    {
        Xl.Prepare();
        await using var own = await Own.OpenAsync();
        foreach (var kind in Kinds)
        {
            Figures figures = new();
            Costs costs = new();
            for (var round = 0; round < Rounds; round++)
            {
                if (Theirs)
                {
                    await RunTheirsAsync(new Guest($"{kind}-xl-{round}", kind == "pv", Mib, Vcpus), figures);
                }

                await RunOwnAsync(own, new Guest($"{kind}-own-{round}", kind == "pv", Mib, Vcpus), figures, costs);
            }

            Console.WriteLine($"\n{kind.ToUpperInvariant()} guest of {Mib} MiB, {Vcpus} vCPU, median of {Rounds} rounds");
            figures.Print(Mib);
            costs.Print();
        }

        Console.WriteLine($"\nmost memory of the process with our engine: {Status("VmHWM")}, {Status("RssAnon")} of it not shared now");
    }

    private async Task RunOwnAsync(Own own, Guest guest, Figures figures, Costs costs)
    {
        figures.AddOwn("start until unpaused", await own.StartAsync(guest));
        await guest.AliveAsync(2);
        if (Steps.Contains("save"))
        {
            await using (Domains domains = new())
            {
                var (domid, before) = (own.Domid, Costs.Now());
                var (saved, copied, milliseconds) = await own.SaveAsync(Image);
                figures.AddOwn("save, copy from the suspension on*", (copied - domains.SuspendedAt(domid)) * 1000);
                figures.AddOwn("save, whole*", milliseconds);
                costs.Add("save", before, saved.Passes.Sum(static pass => pass.Duration.TotalMilliseconds), saved.BytesSent);
            }

            var start = Costs.Now();
            var (restored, whole) = await own.RestoreAsync(Image, guest);
            figures.AddOwn("restore, copy*", restored.Duration.TotalMilliseconds);
            figures.AddOwn("restore, whole until running*", whole);
            costs.Add("restore", start, restored.Duration.TotalMilliseconds, restored.BytesReceived);
            File.Delete(Image);
            await guest.AliveAsync(2);
        }

        if (Steps.Contains("migrate"))
        {
            await using Domains domains = new();
            var (former, before) = (own.Domid, Costs.Now());
            var (sent, received, milliseconds) = await own.MigrateAsync(guest);
            figures.AddOwn("migration to self, whole*", milliseconds);
            figures.AddOwn("migration to self, pause", (domains.RunningAt(own.Domid) - domains.SuspendedAt(former)) * 1000);
            costs.Add("migrate", before, sent.Duration.TotalMilliseconds, sent.BytesSent);
            Describe(sent);
            Describe(received, TimeSpan.FromMilliseconds(milliseconds));
            await guest.AliveAsync(2);
        }

        if (Steps.Contains("break") && !guest.Pv)
        {
            await own.BreakAsync();
            await guest.AliveAsync(2);
            Console.WriteLine("the guest goes on, and nothing records its writes");
        }

        await own.DestroyAsync();
    }

    private async Task RunTheirsAsync(Guest guest, Figures figures)
    {
        await using Domains domains = new();
        figures.AddTheirs("start until unpaused", await Xl.CreateAsync(guest));
        await guest.AliveAsync(2);
        if (Steps.Contains("save"))
        {
            var domid = domains.Newest();
            figures.AddTheirs("save, whole*", await Xl.RunAsync("save", guest.Name, Image));
            figures.AddTheirs("save, copy from the suspension on*", (Xl.HelperAt("--save-domain", "end") - domains.SuspendedAt(domid)) * 1000);
            figures.AddTheirs("restore, whole until running*", await Xl.RunAsync("restore", Image));
            figures.AddTheirs("restore, copy*", (Xl.HelperAt("--restore-domain", "end") - Xl.HelperAt("--restore-domain", "begin")) * 1000);
            File.Delete(Image);
            await guest.AliveAsync(2);
        }

        // xl cannot move a PV guest on a Xen without log-dirty mode for such guests.
        if (Steps.Contains("migrate") && !guest.Pv)
        {
            var former = domains.Newest();
            figures.AddTheirs("migration to self, whole*", await Xl.MigrateAsync(guest));
            figures.AddTheirs("migration to self, pause", (domains.RunningAt(domains.Newest()) - domains.SuspendedAt(former)) * 1000);
            await guest.AliveAsync(2);
        }

        await Xl.RunAsync("destroy", guest.Name);
    }

    public static void Describe(SaveStatistics sent)
    {
        Console.WriteLine($"sent {sent.BytesSent} bytes in {sent.Duration.TotalMilliseconds:0} ms, {sent.Iterations} live passes ({sent.StopReason}), "
            + $"{sent.Downtime.TotalMilliseconds:0} ms from the request to suspend to the last byte");
        foreach (var pass in sent.Passes)
        {
            Console.WriteLine($"  pass: {pass.Pages} pages, {pass.ZeroPages} zero, {pass.Bytes} bytes, {pass.Duration.TotalMilliseconds:0.0} ms, {pass.DirtyPages} dirty after it");
        }
    }

    public static void Describe(RestoreStatistics received, TimeSpan whole) => Console.WriteLine(
        $"received {received.BytesReceived} bytes, {received.Frames} frames and {received.ZeroFrames} of zeros in {received.Duration.TotalMilliseconds:0} ms; "
        + $"{whole.TotalMilliseconds:0} ms with the domain's making");

    private static string Status(string key) =>
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(key, StringComparison.Ordinal))[(key.Length + 1)..].Trim();
}

using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Demo;
using Toolstack.EndToEnd.Pool;

// make demo: a pool of two hosts, and a plain XML-RPC client that live-migrates a running VM from one to the other.
const int memoryMib = 512;
const int dirtyPagesPerSecond = 2000;

using var over = new CancellationTokenSource(TimeSpan.FromSeconds(120));
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    over.Cancel();
};
try
{
    Console.WriteLine("starting two hosts");
    await using var pool = await DevelopmentPool.StartAsync(new PoolOptions { Report = line => Console.WriteLine("  " + line) }, over.Token);
    using var client = await pool.LoginAsync(over.Token);
    return await MigrateAsync(client, over.Token);
}
catch (Exception error) when (error is PoolFailure or XenApiFailure or HttpRequestException or FormatException or OperationCanceledException)
{
    Console.Error.WriteLine("demo: " + error.Message);
    return 1;
}

static async Task<int> MigrateAsync(XenApiClient client, CancellationToken cancellation)
{
    var vm = await TestVm.CreateAsync(client, "demo", memoryMib, dirtyPagesPerSecond, cancellation);
    var uuid = await client.TextAsync("VM.get_uuid", cancellation, vm);
    await client.CallAsync("VM.start", cancellation, vm, false, false);
    var source = await client.TextAsync("VM.get_resident_on", cancellation, vm);
    var hosts = ((object[])await client.CallAsync("host.get_all", cancellation)).Cast<string>();
    var target = hosts.First(host => host != source);
    var (from, to) = (await HostNameAsync(source), await HostNameAsync(target));
    var before = await GuestMemory.VerifyAsync(client, vm, cancellation);
    Console.WriteLine($"VM {uuid} runs on {from}: {memoryMib} MiB, {before.Counter} writes so far, {before.Errors} errors");

    var clock = Stopwatch.StartNew();
    var task = await client.TextAsync("Async.VM.pool_migrate", cancellation, vm, target, new Dictionary<string, string> { ["live"] = "true" });
    var progress = new ProgressLine("migrating");
    await client.WaitForTaskAsync(task, progress.Show, cancellation);
    var seconds = clock.Elapsed.TotalSeconds;
    progress.End();

    var after = await GuestMemory.VerifyAsync(client, vm, cancellation);
    var resident = await client.TextAsync("VM.get_resident_on", cancellation, vm);
    var verified = resident == target && after.Errors == 0 && after.Counter > before.Counter && after.Pages == before.Pages;
    await client.CallAsync("VM.hard_shutdown", cancellation, vm);
    await client.CallAsync("VM.destroy", cancellation, vm);
    await client.LogoutAsync(cancellation);
    if (!verified)
    {
        Console.Error.WriteLine($"demo: not true after the migration: resident on {resident}, before {before}, after {after}");
        return 1;
    }

    Console.WriteLine($"migrated {uuid} {from} -> {to}: {memoryMib} MiB in {seconds:0.00} s ({memoryMib / seconds:0} MiB/s), "
        + $"downtime {after.LongestPauseMs:0} ms, memory verified");
    return 0;

    Task<string> HostNameAsync(string host) => client.TextAsync("host.get_name_label", cancellation, host);
}

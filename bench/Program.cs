using BenchmarkDotNet.Running;
using Toolstack.Bench.Api;
using Toolstack.Bench.Codecs;
using Toolstack.Bench.Loads;

// make bench: the whole system first, each figure beside its floor in the same run; then the codecs against their peers.
// `make bench BENCH="codecs --filter *Parse*"` runs only those; `make bench BENCH=loads` only the whole system,
// `make bench BENCH=api` only the loads of XenAPI,
// `make bench BENCH=start` only VM.start and shutdown, `make bench BENCH=migration` only the migration engines, `make bench BENCH=switch` only the switch,
// `make bench BENCH=memory` only what the daemons keep resident and how soon they are ready,
// `make bench BENCH=executor` only xenopsd's executor.
if (args is ["codecs", .. var options])
{
    BenchmarkSwitcher.FromAssembly(typeof(XmlRpcBench).Assembly).Run(options.Length > 0 ? options : ["--filter", "*"]);
    return 0;
}

using var over = new CancellationTokenSource(TimeSpan.FromMinutes(args switch { ["memory"] => 15, ["pool-migration", _] => 40, _ => 10 }));
if (args is ["memory"])
{
    await MemoryLoad.StartTogetherAsync(Console.Out, over.Token);
    await MemoryLoad.RunAsync(Console.Out, over.Token);
    return 0;
}

if (args is ["migration"])
{
    await MigrationStreamLoad.RunAsync(Console.Out, over.Token);
    return 0;
}

if (args is ["pool-migration", var mib])
{
    await MigrationLoad.RunAsync(int.Parse(mib, System.Globalization.CultureInfo.InvariantCulture), Console.Out, over.Token);
    return 0;
}

if (args is ["executor"])
{
    await ExecutorLoad.RunAsync(Console.Out, over.Token);
    return 0;
}

if (args is ["switch"])
{
    await SwitchAlone.RunAsync(Console.Out, over.Token);
    return 0;
}

if (args is ["api"])
{
    await ApiLoads.RunAsync(Console.Out, over.Token);
    return 0;
}

if (args is ["start"])
{
    await StartLoad.RunAsync(Console.Out, over.Token);
    return 0;
}

if (args is ["flood", var path])
{
    await FloodLoad.FloodAsync(path, over.Token);
    return 0;
}

if (args is ["xenstore"])
{
    await XenstoreLoad.RunAsync(Console.Out, over.Token);
    return 0;
}

await SystemLoads.RunAsync(Console.Out, over.Token);
await XenstoreLoad.RunAsync(Console.Out, over.Token);
await ApiLoads.RunAsync(Console.Out, over.Token);
if (args is not ["loads"])
{
    BenchmarkSwitcher.FromAssembly(typeof(XmlRpcBench).Assembly).Run(["--filter", "*"]);
}

return 0;

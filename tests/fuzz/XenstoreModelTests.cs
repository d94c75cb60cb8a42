using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Tests.Xenstore;
using Toolstack.XenSimulator.Xenstore;
using Xunit;

namespace Toolstack.Tests.Fuzz;

/// <summary>
/// Random requests of domain 0 and two guests, some in transactions that overlap, against the model. A transaction that commits must
/// have seen exactly what it would have seen if all of it had happened at its commit; one with no other change meanwhile must commit.
/// </summary>
public sealed class XenstoreModelTests
{
    private const int Steps = 400;

    private static readonly string[] Names = ["/m", "/m/a", "/m/b", "/m/a/x", "/m/a/y", "/m/a/x/deep", "/m/b/x", "/n"];
    private static readonly string[] Permissions = ["n0|", "r0|", "w0|b5|", "b0|n6|", "n5|", "n5|r6|", "n6|b5|", "b0|", "r5|w6|"];
    private static readonly int[] Types = [1, 2, 2, 3, 11, 11, 11, 12, 13, 14];
    private static readonly int[] Domains = [0, 5, 6];

    private static int Rounds => int.TryParse(
        Environment.GetEnvironmentVariable("FUZZ_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) ? Math.Max(1, rounds / 400) : 30;

    [Fact]
    public async Task TheServerIsTheModel()
    {
        for (var seed = 1; seed <= Rounds; seed++)
        {
            await using var server = new XenstoreServer(NullLogger.Instance);
            await new Run(server, seed).RunAsync();
        }
    }

    private sealed record Open(string Id, int Version, List<(int Type, string Path, string Argument, string Answer)> Steps);

    private sealed class Run(XenstoreServer server, int seed)
    {
        private readonly Random random = new(seed);
        private readonly XenstoreModel model = new();
        private readonly Dictionary<int, RawPeer> peers = [];
        private readonly Dictionary<int, Open> open = [];
        private int version;

        public async Task RunAsync()
        {
            peers[0] = new RawPeer(server.Connect());
            await peers[0].CallAsync(13, "/tool|");
            foreach (var domid in Domains.Skip(1))
            {
                Assert.Equal("8 OK|", await peers[0].CallAsync(8, $"{domid}|1|1|"));
                peers[domid] = new RawPeer(server.ConnectGuest(domid));
            }

            await PlainAsync(0, 12, "/m", "");
            await PlainAsync(0, 14, "/m", "b0|");
            for (var step = 0; step < Steps; step++)
            {
                await StepAsync(Domains[random.Next(Domains.Length)]);
            }

            foreach (var path in model.Paths)
            {
                await PlainAsync(0, 2, path, "");
                await PlainAsync(0, 1, path, "");
                await PlainAsync(0, 3, path, "");
            }

            foreach (var peer in peers.Values)
            {
                peer.Dispose();
            }
        }

        private async Task StepAsync(int domid)
        {
            var (type, path, argument) = Next();
            if (open.TryGetValue(domid, out var transaction))
            {
                if (random.Next(6) == 0)
                {
                    await EndAsync(domid, transaction);
                }
                else
                {
                    transaction.Steps.Add((type, path, argument, await SendAsync(domid, type, path, argument, transaction.Id)));
                }
            }
            else if (random.Next(8) == 0)
            {
                var id = (await peers[domid].CallAsync(6, "|"))[2..^1];
                open[domid] = new Open(id, version, []);
            }
            else
            {
                await PlainAsync(domid, type, path, argument);
            }
        }

        private async Task EndAsync(int domid, Open transaction)
        {
            open.Remove(domid);
            var commit = random.Next(4) > 0;
            var answer = await peers[domid].CallAsync(7, commit ? "T|" : "F|", uint.Parse(transaction.Id, CultureInfo.InvariantCulture));
            if (!commit || answer == "16 EAGAIN|")
            {
                Assert.True(!commit || transaction.Version != version, $"seed {seed}: a conflict with nobody");
                return;
            }

            Assert.Equal("7 OK|", answer);
            foreach (var (type, path, argument, seen) in transaction.Steps)
            {
                Assert.Equal((seed, type, path, seen), (seed, type, path, model.Call(domid, type, path, argument)));
            }

            version++;
        }

        private async Task PlainAsync(int domid, int type, string path, string argument)
        {
            Assert.Equal(
                (seed, domid, type, path, model.Call(domid, type, path, argument)), (seed, domid, type, path, await SendAsync(domid, type, path, argument, "0")));
            version++;
        }

        private Task<string> SendAsync(int domid, int type, string path, string argument, string transaction) =>
            peers[domid].CallAsync(type, path + "|" + argument, uint.Parse(transaction, CultureInfo.InvariantCulture));

        private (int Type, string Path, string Argument) Next()
        {
            var type = Types[random.Next(Types.Length)];
            return (type, Names[random.Next(Names.Length)], type switch
            {
                11 => random.Next(10).ToString(CultureInfo.InvariantCulture),
                14 => Permissions[random.Next(Permissions.Length)],
                _ => "",
            });
        }
    }
}

using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>The client against servers that are slow, odd, or gone.</summary>
public sealed class NastyServerTests
{
    [Fact]
    public async Task EventsBeforeTheAnswerAndAfterTheEnd()
    {
        await using var server = new ScriptedServer(async (peer, request) =>
        {
            var words = request.Words();
            await peer.SendAsync(
                ScriptedServer.Event(words[0] + "/early", words[1]), ScriptedServer.Event("/any", "no such token"), ScriptedServer.Answer(request, "OK|"),
                ScriptedServer.Event(words[0] + "/late", words[1]));
        });
        await using var client = await server.ConnectAsync();
        var watch = await client.WatchAsync("/w", StoreHost.Soon);
        Assert.Equal("/w/early", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.Equal("/w/late", await watch.Events.ReadAsync(StoreHost.Soon));
        await watch.DisposeAsync();
        Assert.False(await watch.Events.WaitToReadAsync(StoreHost.Soon));
        await using var again = await client.WatchAsync("/again", StoreHost.Soon);
        Assert.Equal("/again/early", await again.Events.ReadAsync(StoreHost.Soon));
    }

    [Fact]
    public async Task AnswersInAnyOrderFindTheirRequest()
    {
        List<XenstorePacket> held = [];
        await using var server = new ScriptedServer(async (peer, request) =>
        {
            held.Add(request);
            if (held.Count == 50)
            {
                held.Reverse();
                await peer.SendAsync([.. held.Select(packet => ScriptedServer.Answer(packet, packet.Words()[0]))]);
            }
        });
        await using var client = await server.ConnectAsync();
        var values = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => client.ReadAsync($"/{i}", StoreHost.Soon)));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"/{i}"), values);
    }

    [Fact]
    public async Task ConflictsAnywhereRunTheWholeBodyAgain()
    {
        var refusals = 0;
        await using var server = new ScriptedServer((peer, request) => peer.SendAsync(request.Operation switch
        {
            XenstoreOperation.TransactionStart => ScriptedServer.Answer(request, $"{refusals + 1}|"),
            XenstoreOperation.TransactionEnd when request.Payload.Span[0] == 'F' => ScriptedServer.Error(request, "ENOENT"),
            XenstoreOperation.Write when refusals < 3 => Refuse(request),
            XenstoreOperation.Read when refusals < 6 => Refuse(request),
            XenstoreOperation.TransactionEnd when refusals < 12 => Refuse(request),
            _ => ScriptedServer.Answer(request, "OK|"),
        }));
        await using var client = await server.ConnectAsync();
        var runs = 0;
        await client.TransactionAsync(async t =>
        {
            runs++;
            t.Write("/a", "v");
            Assert.NotNull(await t.ReadAsync("/b", StoreHost.Soon));
        }, StoreHost.Soon);

        // The first three runs are refused both at the write and at the read.
        Assert.InRange(runs, 11, 13);
        await using var impatient = await server.ConnectAsync(new XenstoreClientOptions { TransactionDeadline = TimeSpan.Zero });
        refusals = 0;
        Assert.Equal("EAGAIN", await PermissionTests.OutcomeAsync(impatient.TransactionAsync(t => t.ReadAsync("/b", StoreHost.Soon), StoreHost.Soon)));

        XenstorePacket Refuse(XenstorePacket request)
        {
            refusals++;
            return ScriptedServer.Error(request, "EAGAIN");
        }
    }

    [Fact]
    public async Task AHugeDirectoryInOneAnswerOrInPartsThatChange()
    {
        var names = Enumerable.Range(0, 100_000).Select(i => $"{i:000000}").ToList();
        var large = string.Concat(names.Select(name => name + "|"));
        var parts = 0;
        await using var server = new ScriptedServer((peer, request) => peer.SendAsync((request.Operation, request.Words()) switch
        {
            (XenstoreOperation.Directory, ["/large"]) => ScriptedServer.Answer(request, large),
            (XenstoreOperation.Directory, _) => ScriptedServer.Error(request, "E2BIG"),
            (_, ["/parts", "0"]) => ScriptedServer.Answer(request, $"{(parts++ == 0 ? 1 : 2)}|a|bb|"),
            (_, ["/parts", "5"]) => ScriptedServer.Answer(request, "2|ccc|"),
            (_, ["/parts", "9"]) => ScriptedServer.Answer(request, "2||"),
            (_, ["/stuck", _]) => ScriptedServer.Answer(request, "2|"),
            _ => ScriptedServer.Error(request, "ENOENT"),
        }));
        await using var client = await server.ConnectAsync();
        Assert.Equal(names, await client.DirectoryAsync("/large", StoreHost.Soon));
        Assert.Equal(["a", "bb", "ccc"], await client.DirectoryAsync("/parts", StoreHost.Soon));
        Assert.Equal(2, parts);
        Assert.Empty(await client.DirectoryAsync("/gone", StoreHost.Soon));
        await Assert.ThrowsAsync<XenstoreFormatException>(() => client.DirectoryAsync("/stuck", StoreHost.Soon));
    }

    [Fact]
    public async Task ALostConnectionFailsWhatIsUnderWayAndSetsTheWatchesAgain()
    {
        await using var host = new StoreHost();
        var client = await host.ConnectAsync();
        var lost = new TaskCompletionSource<XenstoreError>();
        var back = new TaskCompletionSource();
        client.ConnectionLost += error => lost.TrySetResult(error);
        client.Reconnected += () => back.TrySetResult();
        await using var watch = await client.WatchAsync("/a", StoreHost.Soon);
        Assert.Equal("/a", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.Equal("ECONNRESET", await PermissionTests.OutcomeAsync(client.TransactionAsync(async t =>
        {
            t.Write("/b", "v");
            await host.RestartAsync();
            await back.Task.WaitAsync(StoreHost.Soon);

            // The id of this transaction means nothing to the new server.
            await t.ReadAsync("/b", StoreHost.Soon);
        }, StoreHost.Soon)));
        Assert.Equal(XenstoreErrorName.ECONNRESET, (await lost.Task.WaitAsync(StoreHost.Soon)).Name);
        Assert.Equal("/a", await watch.Events.ReadAsync(StoreHost.Soon));
        await client.WriteAsync("/a/b", "v", StoreHost.Soon);
        Assert.Equal("/a/b", await watch.Events.ReadAsync(StoreHost.Soon));
    }

    [Fact]
    public async Task ATransactionThatBeginsWithoutAConnectionWaitsForTheNext()
    {
        await using var host = new StoreHost();
        var client = await host.ConnectAsync();
        var lost = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.ConnectionLost += _ => lost.TrySetResult(client.TransactionAsync(static t =>
        {
            t.Write("/a", "v");
            return Task.CompletedTask;
        }, StoreHost.Soon));
        await host.RestartAsync();
        await await lost.Task.WaitAsync(StoreHost.Soon);
        Assert.Equal("v", await client.ReadAsync("/a", StoreHost.Soon));
    }

    [Fact]
    public async Task ACutInsideAnAnswerAndAnAnswerToNothing()
    {
        var garbage = 0;
        await using var server = new ScriptedServer(async (peer, request) =>
        {
            switch (request.Words()[0])
            {
                case "/cut":
                    await peer.SendBytesAsync([2, 0, 0, 0, 1, 0, 0, 0]);
                    peer.Dispose();
                    break;
                case "/long":
                    await peer.SendBytesAsync([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
                    break;
                case "/other":
                    await peer.SendAsync(new XenstorePacket(XenstoreOperation.Write, request.RequestId, 0, default));
                    break;
                case "/unasked":
                    await peer.SendAsync(new XenstorePacket(XenstoreOperation.Read, request.RequestId + 1, 0, default));
                    break;
                default:
                    garbage++;
                    await peer.SendAsync(ScriptedServer.Answer(request, "fine"));
                    break;
            }
        });
        foreach (var path in (string[])["/cut", "/long", "/other", "/unasked"])
        {
            await using var client = await server.ConnectAsync();
            var back = new TaskCompletionSource();
            client.Reconnected += () => back.TrySetResult();
            Assert.Equal("ECONNRESET", await PermissionTests.OutcomeAsync(client.ReadAsync(path, StoreHost.Soon)));
            await back.Task.WaitAsync(StoreHost.Soon);
            Assert.Equal("fine", await client.ReadAsync("/good", StoreHost.Soon));
        }

        Assert.Equal(4, garbage);
    }

    [Fact]
    public async Task AnAnswerThatDoesNotComeAndOneThatComesLate()
    {
        XenstorePacket? held = null;
        var starts = new TaskCompletionSource();
        var givenUp = new TaskCompletionSource();
        var ends = new TaskCompletionSource<uint>();
        await using var server = new ScriptedServer(async (peer, request) =>
        {
            switch (request.Operation)
            {
                case XenstoreOperation.Read:
                    held = request;
                    break;
                case XenstoreOperation.TransactionStart:
                    starts.TrySetResult();
                    await givenUp.Task.WaitAsync(StoreHost.Soon);
                    await peer.SendAsync(ScriptedServer.Answer(request, "44|"));
                    break;
                case XenstoreOperation.TransactionEnd:
                    ends.TrySetResult(request.TransactionId);
                    await peer.SendAsync(ScriptedServer.Answer(request, "OK|"));
                    break;
                default:
                    await peer.SendAsync(ScriptedServer.Answer(held!, "late"), ScriptedServer.Answer(request, "OK|"));
                    break;
            }
        });
        await using var client = await server.ConnectAsync(new XenstoreClientOptions { RequestDeadline = TimeSpan.FromSeconds(2) });
        Assert.Equal("ETIMEDOUT", await PermissionTests.OutcomeAsync(client.ReadAsync("/slow", StoreHost.Soon)));
        await client.WriteAsync("/a", "v", StoreHost.Soon);
        using var stop = new CancellationTokenSource();
        var transaction = client.TransactionAsync(_ => Task.CompletedTask, stop.Token);
        await starts.Task.WaitAsync(StoreHost.Soon);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => transaction);
        givenUp.SetResult();
        Assert.Equal(44u, await ends.Task.WaitAsync(StoreHost.Soon));
    }

    [Fact]
    public async Task NobodyListens()
    {
        var error = await Assert.ThrowsAsync<XenstoreError>(() => XenstoreClient.ConnectAsync("/nonexistent/socket", null, StoreHost.Soon));
        Assert.Equal((XenstoreErrorName.ECONNRESET, "/nonexistent/socket"), (error.Name, error.Path));
    }
}

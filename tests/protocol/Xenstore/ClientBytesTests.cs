using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>Requests of the client as bytes, and what it makes of answers.</summary>
public sealed class ClientBytesTests
{
    [Fact]
    public async Task EveryRequest()
    {
        await using var server = new ScriptedServer((peer, request) => peer.SendAsync(ScriptedServer.Answer(request, request.Operation switch
        {
            XenstoreOperation.TransactionStart => "7|",
            XenstoreOperation.GetPerms => "n0|r5|",
            XenstoreOperation.Read => "value",
            XenstoreOperation.Directory => "a|b|",
            XenstoreOperation.IsDomainIntroduced => "T|",
            XenstoreOperation.GetDomainPath => "/local/domain/5|",
            _ => "OK|",
        })));
        await using var client = await server.ConnectAsync();
        var soon = StoreHost.Soon;
        Assert.Equal("value", await client.ReadAsync("/r", soon));
        Assert.Equal(["a", "b"], await client.DirectoryAsync("/d", soon));
        Assert.Equal(XenstorePermissions.ReadableBy(0, 5), await client.GetPermissionsAsync("/g", soon));
        await client.WriteAsync("/w", "v", soon);
        await client.WriteAsync("/w", "", soon);
        await client.MakeDirectoryAsync("/m", soon);
        await client.RemoveAsync("/x", soon);
        await client.SetPermissionsAsync("/s", XenstorePermissions.Parse("b1 n2 w3"), soon);
        var watch = await client.WatchAsync("/p", soon);
        await watch.DisposeAsync();
        await client.IntroduceAsync(5, ulong.MaxValue >> 1, 3, soon);
        await client.ReleaseAsync(5, soon);
        await client.ResumeAsync(5, soon);
        await client.SetTargetAsync(5, 6, soon);
        Assert.True(await client.IsIntroducedAsync(5, soon));
        Assert.Equal("/local/domain/5", await client.DomainPathAsync(5, soon));
        await client.TransactionAsync(t =>
        {
            t.Write("/t", "v", XenstorePermissions.Parse("n5"));
            t.MakeDirectory("/u");
            t.Remove("/v");
            return Task.CompletedTask;
        }, soon);
        Assert.Equal(
            [
                "2 /r|", "1 /d|", "3 /g|", "11 /w|v", "11 /w|", "12 /m|", "13 /x|", "14 /s|b1|n2|w3|", "4 /p|1|", "5 /p|1|",
                "8 5|9223372036854775807|3|", "9 5|", "18 5|", "19 5|6|", "17 5|", "10 5|",
                "6 |", "11 /t|v", "14 /t|n5|", "12 /u|", "13 /v|", "7 T|",
            ], server.Received);
    }

    [Fact]
    public async Task WhatTheProtocolForbidsIsNotSent()
    {
        await using var server = new ScriptedServer((peer, request) => peer.SendAsync(ScriptedServer.Answer(request, "OK|")));
        await using var client = await server.ConnectAsync();
        foreach (var path in (string[])["", "/a/", "//a", "/a.b", "/a b", "/a:b", "/ä", "/" + new string('x', 3072)])
        {
            Assert.Equal("EINVAL", await PermissionTests.OutcomeAsync(client.WriteAsync(path, "v", StoreHost.Soon)));
        }

        Assert.Equal("EINVAL", await PermissionTests.OutcomeAsync(client.RemoveAsync("/", StoreHost.Soon)));
        Assert.Equal("EINVAL", await PermissionTests.OutcomeAsync(client.WriteAsync("@releaseDomain", "v", StoreHost.Soon)));
        Assert.Equal("E2BIG", await PermissionTests.OutcomeAsync(client.WriteAsync("/a", new string('x', 4094), StoreHost.Soon)));
        Assert.Empty(server.Received);
        await client.WriteAsync("/a", new string('x', 4093), StoreHost.Soon);
    }

    [Theory]
    [InlineData("EQUOTA", XenstoreErrorName.EQUOTA)]
    [InlineData("EIO", XenstoreErrorName.EIO)]
    [InlineData("ESOMETHING", XenstoreErrorName.Other)]
    [InlineData("Other", XenstoreErrorName.Other)]
    [InlineData("3", XenstoreErrorName.Other)]
    [InlineData("", XenstoreErrorName.Other)]
    public async Task ErrorsKeepTheirName(string text, XenstoreErrorName name)
    {
        await using var server = new ScriptedServer((peer, request) => peer.SendAsync(ScriptedServer.Error(request, text)));
        await using var client = await server.ConnectAsync();
        var error = await Assert.ThrowsAsync<XenstoreError>(() => client.ReadAsync("/a", StoreHost.Soon));
        Assert.Equal((name, text, XenstoreOperation.Read, "/a"), (error.Name, error.ErrorName, error.Operation, error.Path));
    }
}

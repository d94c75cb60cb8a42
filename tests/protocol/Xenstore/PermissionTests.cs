using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>Who may do what: every letter against owner, listed domain, another domain.</summary>
public sealed class PermissionTests
{
    /// <summary>Columns: permissions of /node; what domain 5 sees of READ, WRITE, GET_PERMS, SET_PERMS.</summary>
    [Theory]
    [InlineData("n0", "EACCES", "EACCES", "EACCES", "EACCES")]
    [InlineData("r0", "ok", "EACCES", "ok", "EACCES")]
    [InlineData("w0", "EACCES", "ok", "EACCES", "EACCES")]
    [InlineData("b0", "ok", "ok", "ok", "EACCES")]
    [InlineData("n5", "ok", "ok", "ok", "ok")]
    [InlineData("n0 r5", "ok", "EACCES", "ok", "EACCES")]
    [InlineData("n0 w5", "EACCES", "ok", "EACCES", "EACCES")]
    [InlineData("n0 b5", "ok", "ok", "ok", "EACCES")]
    [InlineData("b0 n5", "EACCES", "EACCES", "EACCES", "EACCES")]
    [InlineData("n6 r7", "EACCES", "EACCES", "EACCES", "EACCES")]
    public async Task Table(string permissions, string read, string write, string getPermissions, string setPermissions)
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var dom0 = await host.ConnectAsync();
        await dom0.WriteAsync("/node", "v", StoreHost.Soon);
        await dom0.SetPermissionsAsync("/node", XenstorePermissions.Parse(permissions), StoreHost.Soon);
        Assert.Equal(read, await OutcomeAsync(guest.ReadAsync("/node", StoreHost.Soon)));
        Assert.Equal(write, await OutcomeAsync(guest.WriteAsync("/node", "w", StoreHost.Soon)));
        Assert.Equal(getPermissions, await OutcomeAsync(guest.GetPermissionsAsync("/node", StoreHost.Soon)));
        Assert.Equal(setPermissions, await OutcomeAsync(guest.SetPermissionsAsync("/node", XenstorePermissions.Parse("r5"), StoreHost.Soon)));
        Assert.Equal(write == "ok" ? "w" : "v", await dom0.ReadAsync("/node", StoreHost.Soon));
    }

    [Fact]
    public async Task AGuestOwnsWhatItMakesAndMayNotGiveItAway()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var dom0 = await host.ConnectAsync();
        await guest.WriteAsync("data/deep/er", "v", StoreHost.Soon);
        Assert.Equal("n5", (await dom0.GetPermissionsAsync("/local/domain/5/data/deep", StoreHost.Soon))!.ToString());
        Assert.Equal("EPERM", await OutcomeAsync(guest.SetPermissionsAsync("data/deep", XenstorePermissions.Parse("n6"), StoreHost.Soon)));

        // What domain 0 makes there is the guest's too, unless it says otherwise.
        await dom0.WriteAsync("/local/domain/5/data/ours", "v", StoreHost.Soon);
        Assert.Equal("n5", (await dom0.GetPermissionsAsync("/local/domain/5/data/ours", StoreHost.Soon))!.ToString());
    }

    [Fact]
    public async Task WhatAGuestMayNotSeeDoesNotExistNorIsMissing()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        Assert.Equal("EACCES", await OutcomeAsync(guest.ReadAsync("/none", StoreHost.Soon)));
        Assert.Null(await guest.ReadAsync("data/none", StoreHost.Soon));
        Assert.Equal("EACCES", await OutcomeAsync(guest.WriteAsync("/local/domain/5/new", "v", StoreHost.Soon)));
        Assert.Equal("EACCES", await OutcomeAsync(guest.IntroduceAsync(6, 1, 1, StoreHost.Soon)));
        Assert.Equal("EACCES", await OutcomeAsync(guest.ReleaseAsync(6, StoreHost.Soon)));
    }

    [Fact]
    public async Task ATargetsRightsAreTheDeviceModelsToo()
    {
        await using var host = new StoreHost();
        await host.GuestAsync(5);
        var model = await host.GuestAsync(6);
        var dom0 = await host.ConnectAsync();
        Assert.Equal("EACCES", await OutcomeAsync(model.WriteAsync("/local/domain/5/data/x", "v", StoreHost.Soon)));
        await dom0.SetTargetAsync(6, 5, StoreHost.Soon);
        await model.WriteAsync("/local/domain/5/data/x", "v", StoreHost.Soon);
        host.Server.DomainDestroyed(5);
        Assert.Equal("EACCES", await OutcomeAsync(model.WriteAsync("/local/domain/5/data/x", "v", StoreHost.Soon)));
    }

    [Fact]
    public async Task ADeadDomainLeavesNeitherNodesNorRights()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var dom0 = await host.ConnectAsync();
        await guest.WriteAsync("data/own", "v", StoreHost.Soon);
        await dom0.WriteAsync("/shared", "v", StoreHost.Soon);
        await dom0.SetPermissionsAsync("/shared", XenstorePermissions.Parse("n0 r5 r6"), StoreHost.Soon);
        host.Server.DomainDestroyed(5);
        Assert.Null(await dom0.ReadAsync("/local/domain/5/data", StoreHost.Soon));
        Assert.Equal("n0 r6", (await dom0.GetPermissionsAsync("/shared", StoreHost.Soon))!.ToString());
        Assert.Equal("ECONNRESET", await OutcomeAsync(guest.ReadAsync("data", StoreHost.Soon)));
        Assert.False(await dom0.IsIntroducedAsync(5, StoreHost.Soon));
    }

    internal static async Task<string> OutcomeAsync(Task task)
    {
        try
        {
            await task;
            return "ok";
        }
        catch (XenstoreError error)
        {
            return error.ErrorName;
        }
    }
}

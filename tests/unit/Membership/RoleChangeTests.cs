using Toolstack.Hosting;
using Toolstack.Xapi;
using Toolstack.Xapi.Membership;
using Toolstack.Xapi.Pool;
using Xunit;

namespace Toolstack.Tests.Membership;

public sealed class RoleChangeTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("xapi-role-").FullName;
    private readonly Configuration configuration;

    public RoleChangeTests()
    {
        configuration = Configuration.Parse("xapi.conf",
        [
            $"pool-role-file = {In("pool.conf")}", $"pool-secret-file = {In("ptoken")}", $"inventory = {In("inventory")}", $"database-path = {In("state.db")}",
            "management-address = 127.0.1.9",
        ], Settings.All);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void Nothing_changes_until_the_next_start()
    {
        HostIdentity before = IdentityFiles.Read(configuration);
        new RoleChange(RoleChange.MemberOf("10.0.0.1"), "their secret", DatabaseFate.Bring).Write(configuration);
        Assert.False(File.Exists(In("pool.conf")));
        Assert.Equal(before.PoolSecret, File.ReadAllText(In("ptoken")));

        HostIdentity after = IdentityFiles.Read(configuration);
        Assert.Equal((false, "10.0.0.1", "their secret"), (after.IsCoordinator, after.CoordinatorAddress, after.PoolSecret));
        Assert.Equal(["inventory", "pool.conf", "ptoken"], Files());
    }

    [Fact]
    public void A_change_that_is_withdrawn_never_was()
    {
        IdentityFiles.Read(configuration);
        new RoleChange(RoleChange.Broken, null, DatabaseFate.Keep).Write(configuration);
        RoleChange.Withdraw(configuration);
        Assert.True(IdentityFiles.Read(configuration).IsCoordinator);
    }

    [Fact]
    public void A_broken_host_is_neither_coordinator_nor_member()
    {
        IdentityFiles.Read(configuration);
        new RoleChange(RoleChange.Broken, null, DatabaseFate.Keep).Write(configuration);
        HostIdentity broken = IdentityFiles.Read(configuration);
        Assert.Equal((true, false), (broken.IsBroken, broken.IsCoordinator));
    }

    [Fact]
    public void A_host_that_leaves_gets_a_secret_of_its_own_and_no_database()
    {
        File.WriteAllText(In("pool.conf"), "slave:10.0.0.1");
        File.WriteAllText(In("ptoken"), "their secret");
        File.WriteAllText(In("state.db"), "old");
        File.WriteAllText(In("state.db.restore"), "stale");
        new RoleChange(RoleChange.Coordinator, "", DatabaseFate.Aside).Write(configuration);
        HostIdentity alone = IdentityFiles.Read(configuration);
        Assert.True(alone.IsCoordinator);
        Assert.NotEqual("their secret", alone.PoolSecret);
        Assert.Equal(["inventory", "pool.conf", "ptoken", "state.db.before-role-change"], Files());
    }

    /// <summary>A database is one file or three; a crash may come between any two moves.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("-shm")]
    [InlineData("-shm", "-wal")]
    [InlineData("-shm", "-wal", "")]
    public void A_change_that_was_cut_short_is_carried_out_by_the_next_start(params string[] moved)
    {
        foreach (string part in (string[])["", "-wal", "-shm"])
        {
            File.WriteAllText(In("state.db" + (moved.Contains(part) && !(moved is [""]) ? ".joining" : "") + part), "new" + part);
        }

        if (moved is [""])
        {
            File.WriteAllText(In("state.db.joining"), "of an earlier time");
        }

        new RoleChange(RoleChange.MemberOf("10.0.0.1"), "their secret", DatabaseFate.Bring).Write(configuration);
        Assert.Equal("their secret", IdentityFiles.Read(configuration).PoolSecret);
        Assert.Equal(["inventory", "pool.conf", "ptoken", "state.db.joining", "state.db.joining-shm", "state.db.joining-wal"], Files());
        Assert.All((string[])["", "-wal", "-shm"], part => Assert.Equal("new" + part, File.ReadAllText(In("state.db.joining" + part))));
    }

    [Fact]
    public void A_change_that_is_none_stops_the_start()
    {
        File.WriteAllText(In("pool.conf.change"), "role");
        Assert.Contains("pool.conf.change", Assert.Throws<ConfigurationException>(() => IdentityFiles.Read(configuration)).Message, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(directory, name);

    private IEnumerable<string> Files() => Directory.GetFiles(directory).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}

using Toolstack.Hosting;
using Toolstack.Xapi;
using Toolstack.Xapi.Pool;
using Xunit;

namespace Toolstack.Tests.Pool;

public sealed class IdentityFilesTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("xapi-pool-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_host_without_files_is_a_pool_of_one_and_stays_the_same_host()
    {
        HostIdentity first = Read();
        HostIdentity second = Read();
        Assert.True(first.IsCoordinator);
        Assert.Equal(("127.0.1.9", "127.0.1.9", 8080), (first.Address, first.CoordinatorAddress, first.HttpPort));
        Assert.Equal(first.Uuid, second.Uuid);
        Assert.Equal(first.PoolSecret, second.PoolSecret);
        Assert.True(first.PoolSecret.Length >= 64);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(In("ptoken")));
    }

    [Fact]
    public void A_member_names_its_coordinator_and_needs_its_secret()
    {
        Write("pool.conf", "slave:10.0.0.1\n");
        Assert.Contains("ptoken", Assert.Throws<ConfigurationException>(Read).Message, StringComparison.Ordinal);
        Write("ptoken", "secret\n");
        HostIdentity identity = Read();
        Assert.Equal((false, "10.0.0.1", "secret"), (identity.IsCoordinator, identity.CoordinatorAddress, identity.PoolSecret));
    }

    [Theory]
    [InlineData("slave:")]
    [InlineData("slave:a b")]
    [InlineData("")]
    public void A_role_that_makes_no_sense_is_refused_by_file_name(string role)
    {
        Write("pool.conf", role);
        Assert.Contains("pool.conf", Assert.Throws<ConfigurationException>(Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_inventory_keeps_its_other_facts()
    {
        Write("inventory", "PRODUCT_BRAND='Brand'\nPRODUCT_VERSION='8.3.0'");
        HostIdentity identity = Read();
        Assert.Equal("Brand", Inventory.Read(In("inventory"))["PRODUCT_BRAND"]);
        Assert.Equal(identity.Uuid, Inventory.Read(In("inventory"))[Inventory.HostUuid]);
        HostFacts facts = HostFacts.Read(In("inventory"), "0.1.0");
        Assert.Equal("8.3.0", facts.SoftwareVersion["product_version"]);
        Assert.Equal(facts.ControlDomainUuid, HostFacts.Read(In("inventory"), "0.1.0").ControlDomainUuid);
    }

    [Fact]
    public void A_uuid_that_is_none_is_refused()
    {
        Write("inventory", "INSTALLATION_UUID='this host'");
        Assert.Contains("INSTALLATION_UUID", Assert.Throws<ConfigurationException>(Read).Message, StringComparison.Ordinal);
    }

    private string In(string name) => Path.Combine(directory, name);

    private void Write(string name, string content) => File.WriteAllText(In(name), content);

    private HostIdentity Read() => IdentityFiles.Read(Configuration.Parse("xapi.conf",
    [
        $"pool-role-file = {In("pool.conf")}", $"pool-secret-file = {In("ptoken")}", $"inventory = {In("inventory")}",
        "management-address = 127.0.1.9", "http-port = 8080",
    ], Settings.All));
}

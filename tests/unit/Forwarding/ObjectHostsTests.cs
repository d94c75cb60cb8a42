using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;
using Xunit;

namespace Toolstack.Tests.Forwarding;

public sealed class ObjectHostsTests
{
    private readonly Stage stage = new();
    private readonly ObjectHosts hosts;

    public ObjectHostsTests() => hosts = new ObjectHosts(stage.Database);

    [Fact]
    public async Task DevicesAreWhereTheirVmRuns()
    {
        stage.Database.Add("OpaqueRef:vbd", new VBD { uuid = "vbd", VM = stage.Vm });
        Assert.True((await hosts.OfObjectAsync("VBD", "OpaqueRef:vbd", default)).IsNull);
        stage.Run(stage.There);
        Assert.Equal(stage.There, await hosts.OfObjectAsync("VBD", "OpaqueRef:vbd", default));
    }

    [Fact]
    public async Task NetworkObjectsAreWhereTheirPifIs()
    {
        Ref<PIF> pif = stage.Database.Add("OpaqueRef:pif", new PIF { uuid = "pif", host = stage.There });
        stage.Database.Add("OpaqueRef:vlan", new VLAN { uuid = "vlan", tagged_PIF = pif });
        stage.Database.Add("OpaqueRef:bond", new Bond { uuid = "bond", master = pif });
        Assert.Equal(stage.There, await hosts.OfObjectAsync("PIF", "OpaqueRef:pif", default));
        Assert.Equal(stage.There, await hosts.OfObjectAsync("VLAN", "OpaqueRef:vlan", default));
        Assert.Equal(stage.There, await hosts.OfObjectAsync("Bond", "OpaqueRef:bond", default));
        XenApiError gone = await Assert.ThrowsAsync<XenApiError>(() => hosts.OfObjectAsync("PIF", "OpaqueRef:none", default).AsTask());
        Assert.Equal(["PIF", "OpaqueRef:none"], gone.Parameters);
    }

    [Theory]
    [InlineData(false, false, "OpaqueRef:there", "OpaqueRef:there")]
    [InlineData(false, false, "none", null)]
    [InlineData(false, true, "none", "OpaqueRef:here")]
    [InlineData(true, false, "OpaqueRef:there", null)]
    [InlineData(true, true, "OpaqueRef:there", "OpaqueRef:here")]
    public async Task StorageIsReachedThroughAnAttachedPbdAndSharedStorageByTheCoordinator(bool shared, bool detached, string attached, string? expected)
    {
        Ref<PBD> here = stage.Database.Add("OpaqueRef:pbd1", new PBD { uuid = "1", host = stage.Here });
        Ref<PBD> there = stage.Database.Add("OpaqueRef:pbd2", new PBD { uuid = "2", host = stage.There, currently_attached = attached == stage.There.ToString() });
        Ref<SR> sr = stage.Database.Add("OpaqueRef:sr", new SR { uuid = "sr", shared = shared, PBDs = [here, there] });
        stage.Database.Add("OpaqueRef:vdi", new VDI { uuid = "vdi", SR = sr });
        Task<Ref<host>> found = hosts.OfStorageAsync("VDI", "OpaqueRef:vdi", stage.Here, detached, default).AsTask();
        if (expected is null)
        {
            Assert.Equal("SR_NO_PBDS", (await Assert.ThrowsAsync<XenApiError>(() => found)).Code);
        }
        else
        {
            Assert.Equal(expected, (await found).ToString());
        }
    }
}

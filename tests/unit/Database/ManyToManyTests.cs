using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Xunit;
using Model = Toolstack.Xapi.Datamodel.Datamodel;

namespace Toolstack.Tests.Database;

/// <summary>Relations whose both ends are sets: GPUs and the ways in which they can be shared.</summary>
public sealed class ManyToManyTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("xapi-db-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task Each_end_follows_the_other()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Model.Classes);
        Ref<VGPU_type> whole = await database.Create(new VGPU_type { uuid = "whole" });
        Ref<VGPU_type> half = await database.Create(new VGPU_type { uuid = "half" });
        Ref<PGPU> gpu = await database.Create(new PGPU { uuid = "gpu", supported_VGPU_types = [whole] });
        Assert.Equal([gpu], (await database.Get(whole)).supported_on_PGPUs);

        await database.Update(gpu, row => row with { supported_VGPU_types = [half] });
        Assert.Empty((await database.Get(whole)).supported_on_PGPUs);
        Assert.Equal([gpu], (await database.Get(half)).supported_on_PGPUs);

        await database.Update(whole, row => row with { supported_on_PGPUs = [gpu] });
        Assert.Equal([half, whole], (await database.Get(gpu)).supported_VGPU_types);
        await database.Destroy(half);
        Assert.Equal([whole], (await database.Get(gpu)).supported_VGPU_types);
    }

    [Fact]
    public async Task Both_ends_are_there_again_after_a_restart()
    {
        Ref<VGPU_type> type;
        Ref<PGPU> gpu;
        await using (LocalDatabase first = Open())
        {
            type = await first.Create(new VGPU_type { uuid = "type" });
            gpu = await first.Create(new PGPU { uuid = "gpu", enabled_VGPU_types = [type] });
        }

        await using LocalDatabase second = Open();
        Assert.Equal([gpu], (await second.Get(type)).enabled_on_PGPUs);
        Assert.Equal([type], (await second.Get(gpu)).enabled_VGPU_types);
    }

    private LocalDatabase Open() => LocalDatabase.Open(Path.Combine(directory, "db"), Model.Classes, NullLogger.Instance);
}

using Toolstack.Idl;
using Toolstack.Interop.Linux;
using Toolstack.Xapi.Storage;
using Xunit;

namespace Toolstack.Tests.Storage;

/// <summary>The files of an SR.</summary>
public sealed class FileRepositoryTests : IDisposable
{
    private const int Mib = 1024 * 1024;
    private readonly DirectoryInfo location = Directory.CreateTempSubdirectory("repository-");
    private readonly FileRepository repository;

    public FileRepositoryTests()
    {
        repository = new FileRepository(Config, "5d3bb3b3-8e2d-4b2e-9d0a-0a9b6f2e8c11");
        repository.Make();
    }

    private Dictionary<string, string> Config => new() { ["location"] = location.FullName };

    public void Dispose() => location.Delete(recursive: true);

    [Fact]
    public void ANewImageIsEmptyAndRoundedUp()
    {
        string vdi = Guid.NewGuid().ToString();
        Assert.Equal(8192, repository.Create(vdi, 4097));
        Assert.Equal((8192L, 0L), repository.Usage(vdi));
        Assert.Equal([vdi], repository.Images());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void ASizeThatMakesNoSenseIsRefused(long size) =>
        Assert.Equal("SR_BACKEND_FAILURE_79", Assert.Throws<XenApiError>(() => repository.Create(Guid.NewGuid().ToString(), size)).Code);

    [Fact]
    public void ACopyIsTheSameAndHasTheSameHoles()
    {
        (string from, string to) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        repository.Create(from, 64 * Mib);
        byte[] data = new byte[300_000];
        Random.Shared.NextBytes(data);
        using (var file = File.OpenHandle(repository.PathOf(from), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(file, data, 0);
            RandomAccess.Write(file, data, (64 * Mib) - data.Length);
        }

        repository.CopyFrom(repository.PathOf(from), to, CancellationToken.None);
        Assert.Equal(File.ReadAllBytes(repository.PathOf(from)), File.ReadAllBytes(repository.PathOf(to)));
        Assert.True(SparseFile.AllocatedBytes(repository.PathOf(to)) < 2 * Mib);
    }

    [Fact]
    public void ACancelledCopyLeavesNoFile()
    {
        (string from, string to) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        File.WriteAllBytes(repository.PathOf(from), new byte[Mib]);
        using CancellationTokenSource over = new();
        over.Cancel();
        try
        {
            repository.CopyFrom(repository.PathOf(from), to, over.Token);
            Assert.True(File.Exists(repository.PathOf(to)), "blocks are shared at once");
        }
        catch (OperationCanceledException)
        {
            Assert.False(File.Exists(repository.PathOf(to)));
        }
    }

    [Fact]
    public void ADirectoryWithImagesStays()
    {
        repository.Create(Guid.NewGuid().ToString(), Mib);
        Assert.Equal("SR_NOT_EMPTY", Assert.Throws<XenApiError>(repository.Remove).Code);
        Assert.Equal(["5d3bb3b3-8e2d-4b2e-9d0a-0a9b6f2e8c11"], FileRepository.Probe(Config));
    }

    [Fact]
    public void AMissingLocationHasAName()
    {
        Assert.Equal("SR_BACKEND_FAILURE_88", Assert.Throws<XenApiError>(() => new FileRepository(new Dictionary<string, string>(), "x")).Code);
        FileRepository nowhere = new(new Dictionary<string, string> { ["location"] = "/nonexistent" }, "x");
        Assert.Equal("SR_BACKEND_FAILURE_47", Assert.Throws<XenApiError>(nowhere.Make).Code);
        Assert.Equal("SR_BACKEND_FAILURE_47", Assert.Throws<XenApiError>(nowhere.Check).Code);
    }
}

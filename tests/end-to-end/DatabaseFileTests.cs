using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What becomes of a pool's database by accident and by order.</summary>
public sealed class DatabaseFileTests : DeadlineTests
{
    /// <summary>Everything is as it was when the dump was made, also for who knows references.</summary>
    [Fact]
    public async Task ADumpThatIsPutBackTakesThePlaceOfWhatCameAfterIt()
    {
        await using var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions { Hosts = 1 }), Cancel);
        using var client = await pool.LoginAsync(Cancel);
        var kept = await TestVm.CreateAsync(client, "kept", 16, 0, Cancel);
        using var http = new HttpClient { BaseAddress = pool.Coordinator.Url };
        var dump = await http.GetByteArrayAsync(Resource(client), Cancel);
        var later = await TestVm.CreateAsync(client, "later", 16, 0, Cancel);
        await client.CallAsync("VM.set_name_label", Cancel, kept, "changed");
        var xapi = pool.Coordinator.Xapi;
        var pid = xapi.Pid;
        using (var answer = await http.PutAsync(Resource(client), new ByteArrayContent(dump), Cancel))
        {
            answer.EnsureSuccessStatusCode();
        }

        await xapi.WaitForRestartAsync(pid, Cancel);
        await pool.WaitUntilLiveAsync(Cancel);
        using var again = await pool.LoginAsync(Cancel);
        Assert.Equal("kept", await again.TextAsync("VM.get_name_label", Cancel, kept));
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => again.CallAsync("VM.get_name_label", Cancel, later));
        Assert.Equal(["HANDLE_INVALID", "VM", later], error.Description);
    }

    /// <summary>A database that cannot be trusted ends the start with words that say what to do, and stays as it is; never an empty pool.</summary>
    [Fact]
    public async Task ADamagedDatabaseIsSaidAndNotReplaced()
    {
        await using var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions { Hosts = 1 }), Cancel);
        using (var client = await pool.LoginAsync(Cancel))
        {
            await TestVm.CreateAsync(client, "kept", 16, 0, Cancel);
        }

        var xapi = pool.Coordinator.Xapi;
        var database = Path.Combine(pool.Coordinator.Directory, "state.db");
        await xapi.HoldDeadAsync();
        var good = Directory.GetFiles(pool.Coordinator.Directory, "state.db*").ToDictionary(static path => path, File.ReadAllBytes);
        foreach (var log in good.Keys.Where(path => path != database))
        {
            File.Delete(log);
        }

        byte[] damaged = [.. "This is no database. "u8, .. good[database].AsSpan(21)];
        await File.WriteAllBytesAsync(database, damaged, Cancel);
        var (status, said) = await StartAsync(pool.Coordinator.Directory);
        Assert.NotEqual(0, status);
        Assert.Contains(database, said, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed. Put a copy of the file back", said, StringComparison.Ordinal);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(database, Cancel));

        // The copy is put back, as told.
        foreach (var (path, bytes) in good)
        {
            await File.WriteAllBytesAsync(path, bytes, Cancel);
        }

        await xapi.StartAsync(Cancel);
        using var again = await pool.LoginAsync(Cancel);
        Assert.Single((object[])await again.CallAsync("VM.get_by_name_label", Cancel, "kept"));
    }

    private static Uri Resource(XenApiClient client) => new($"/pool/xmldbdump?session_id={client.Session}", UriKind.Relative);

    private async Task<(int Status, string Said)> StartAsync(string directory)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Binaries, "xapi"), ["--config", Path.Combine(directory, "xapi.conf")])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        })!;
        var said = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return (process.ExitCode, said);
    }
}

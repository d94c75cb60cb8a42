using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// The copy of the pool's database that every member keeps, as the XML of <c>GET /pool/xmldbdump</c>: fetched when it starts and whenever the
/// coordinator asks, and put in the place of a database when the member becomes the coordinator.
/// </summary>
internal sealed class DatabaseBackup(XapiServices services, ILogger logger)
{
    /// <summary>A new coordinator's generations begin so far beyond those it took over: the former one, should it come back, sees who is newer.</summary>
    private const long Reign = 1L << 32;

    private static readonly byte[] End = "</database>"u8.ToArray();

    private long known;

    private string Path => services.Configuration.Get(PoolSettings.BackupPath);

    /// <summary>Whole on disk when it returns. Raises CANNOT_CONTACT_HOST [address], INTERNAL_ERROR [text].</summary>
    private async Task PullAsync(CancellationToken cancel)
    {
        byte[] dump = await FetchAsync(services.Identity.CoordinatorAddress, cancel).ConfigureAwait(false);
        try
        {
            AtomicFile.Write(Path, dump, durable: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XenApiError("INTERNAL_ERROR", $"{Path}: {error.Message}");
        }
    }

    /// <summary>On a member: fetches the database when it is newer than the copy. <paramref name="force"/>: in any case.</summary>
    internal async Task RequestAsync(long generation, bool force, CancellationToken cancel)
    {
        if (!services.Identity.IsCoordinator && (force || generation > Interlocked.Read(ref known)))
        {
            await PullAsync(cancel).ConfigureAwait(false);
            Interlocked.Exchange(ref known, generation);
        }
    }

    /// <summary>On a member that has come: what cannot be had now is had with the next request.</summary>
    internal async Task FirstAsync(CancellationToken cancel)
    {
        try
        {
            await PullAsync(cancel).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            Log.BackupFailed(logger, services.Identity.Uuid, error.Message);
        }
    }

    /// <summary>On the coordinator: asks every member that lives to fetch the database.</summary>
    internal async Task AskMembersAsync(bool force, CancellationToken cancel)
    {
        foreach ((Ref<host> self, host row) in await services.Database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (self == services.Identity.Localhost || await services.Database.Find(row.metrics, cancel).ConfigureAwait(false) is not { live: true })
            {
                continue;
            }

            try
            {
                await services.Client.CallHostAsync(services.Database, self, "host.request_backup",
                    [new Value.Text(self.ToString()), new Value.Int(services.ChangeLog!.Generation), new Value.Bool(force)], null, PoolLimits.BackupDeadline, cancel).ConfigureAwait(false);
            }
            catch (XenApiError error)
            {
                Log.BackupFailed(logger, row.uuid, error.Message);
            }
        }
    }

    /// <summary>On the coordinator, until the daemon stops.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(services.Configuration.Get(PoolSettings.BackupInterval));
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            await AskMembersAsync(force: false, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Prepares the copy to be the database of the next start. Raises INTERNAL_ERROR [text] when there is no copy.</summary>
    internal Task PrepareFromCopyAsync(CancellationToken cancel) => Task.Run(
        () =>
        {
            try
            {
                Prepare(File.ReadAllBytes(Path), Path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new XenApiError("INTERNAL_ERROR", $"this host has no copy of the pool's database: {error.Message}");
            }
        },
        cancel);

    /// <summary>Prepares the coordinator's present database to be that of the next start.</summary>
    internal async Task PrepareFromCoordinatorAsync(CancellationToken cancel)
    {
        byte[] dump = await FetchAsync(services.Identity.CoordinatorAddress, cancel).ConfigureAwait(false);
        await Task.Run(() => Prepare(dump, services.Identity.CoordinatorAddress), cancel).ConfigureAwait(false);
    }

    /// <summary>How far the database of a coordinator is. Raises CANNOT_CONTACT_HOST [address], INTERNAL_ERROR [text].</summary>
    internal async Task<long> GenerationOfAsync(string address, CancellationToken cancel)
    {
        byte[] start = await services.Client.GetStartAsync(address, DatabaseDumpEndpoint.Path, StateXmlReader.ManifestBytes, PoolLimits.CallDeadline, cancel).ConfigureAwait(false);
        return StateXmlReader.GenerationIn(start) ?? throw new XenApiError("INTERNAL_ERROR", $"the database of {address} does not begin with its generation");
    }

    private void Prepare(byte[] dump, string from)
    {
        ImportedState state = Read(dump, from);
        try
        {
            DatabaseTransfer.Prepare(services.Configuration.Get(PoolSettings.DatabasePath), state with { Generation = state.Generation + Reign });
        }
        catch (Exception error) when (error is DatabaseFileException or IOException or UnauthorizedAccessException)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }

    private static ImportedState Read(byte[] dump, string from)
    {
        try
        {
            return StateXmlReader.Read(dump, from, Datamodel.Datamodel.Classes);
        }
        catch (DatabaseFileException error)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }

    private async Task<byte[]> FetchAsync(string address, CancellationToken cancel)
    {
        byte[] dump = await services.Client.GetAsync(address, DatabaseDumpEndpoint.Path, PoolLimits.BackupDeadline, cancel).ConfigureAwait(false);
        return dump.AsSpan().TrimEnd("\r\n "u8).EndsWith(End)
            ? dump
            : throw new XenApiError("INTERNAL_ERROR", $"the database of {address} did not come whole: {Encoding.UTF8.GetString(dump.AsSpan(0, Math.Min(dump.Length, 80)))}");
    }
}

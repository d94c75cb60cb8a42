using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;

namespace Toolstack.Xenopsd.State;

/// <summary>A VM that is leaving this host.</summary>
/// <param name="Destination">The URL of VM.migrate.</param>
/// <param name="Token">What the destination knows the migration by; null where it takes none (original).</param>
/// <param name="Verify">Whether its certificate must be a trusted one.</param>
/// <param name="Paused">The VM was paused.</param>
public sealed record Departure(Uri Destination, string? Token, bool Verify, bool Paused);

/// <summary>
/// The VMs that are leaving this host, each with the URL of its destination, in one file each (<c>migrations/&lt;id&gt;</c>, readable by
/// the owner alone, for the URL carries a session). An entry is written before the VM's domain takes its temporary id and goes when
/// it is known on which host the VM lives: a source that lost the conversation, or was restarted, knows by it whom to ask.
/// </summary>
public sealed class PendingMigrations
{
    private const string DestinationKey = "destination";
    private const string TokenKey = "token";
    private const string VerifyKey = "verify";
    private const string PausedKey = "paused";

    private readonly string root;
    private readonly ILogger logger;
    private readonly List<string> unreadable = [];
    private readonly ConcurrentDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Reads the entries a former process left: nobody works on them any more.</summary>
    public PendingMigrations(string databasePath, ILogger logger)
    {
        root = Path.Combine(databasePath, "migrations");
        this.logger = logger;
        try
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            foreach (string file in Directory.EnumerateFiles(root).Where(static f => !f.EndsWith(".tmp", StringComparison.Ordinal)))
            {
                Load(file);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    private sealed record Entry(Departure Departure, bool Undecided);

    /// <summary>VMs of which nobody knows where they live.</summary>
    public ImmutableArray<string> Undecided => [.. entries.Where(static e => e.Value.Undecided).Select(static e => e.Key)];

    /// <summary>VMs that are leaving.</summary>
    public ImmutableArray<string> All => [.. entries.Keys];

    /// <summary>Where the VM is going; null when it stays.</summary>
    public Departure? Find(string vm) => entries.TryGetValue(vm, out var entry) ? entry.Departure : null;

    /// <summary>Whether an id is the temporary one of a VM that is leaving, or may be leaving: its entry cannot be read.</summary>
    public bool IsSource(string id) => entries.Keys.Concat(unreadable).Any(vm => MigrationIds.Source(vm) == id);

    /// <summary>Raises IO_error.</summary>
    public void Begin(string vm, Departure departure)
    {
        var buffer = new ArrayBufferWriter<byte>();
        JsonValueWriter.Write(buffer, w =>
        {
            w.BeginStruct(departure.Token is null ? 3 : 4);
            w.Member(DestinationKey);
            w.String(departure.Destination.AbsoluteUri);
            if (departure.Token is { } token)
            {
                w.Member(TokenKey);
                w.String(token);
            }

            w.Member(VerifyKey);
            w.Bool(departure.Verify);
            w.Member(PausedKey);
            w.Bool(departure.Paused);
            w.EndStruct();
        });
        try
        {
            AtomicFile.Write(Path.Combine(root, vm), buffer.WrittenSpan, durable: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }

        entries[vm] = new Entry(departure, Undecided: false);
    }

    /// <summary>The migration gives up asking; whoever looks for undecided ones goes on.</summary>
    public void LeaveUndecided(string vm)
    {
        if (entries.TryGetValue(vm, out var entry))
        {
            entries[vm] = entry with { Undecided = true };
        }
    }

    /// <summary>It is known where the VM lives. A file that cannot be removed is found again after a restart, when nothing of the VM is
    /// left that it could be about.</summary>
    public void End(string vm)
    {
        entries.TryRemove(vm, out _);
        try
        {
            File.Delete(Path.Combine(root, vm));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.RecordsFailed(logger, error.Message);
        }
    }

    /// <summary>An entry that cannot be read names nobody to ask: it is left for people to look at. The VM's
    /// domain stays as it is, suspended, for it may be the only copy.</summary>
    private void Load(string file)
    {
        try
        {
            var record = JsonValueReader.Parse(File.ReadAllBytes(file)).AsStruct();
            entries[Path.GetFileName(file)] = new Entry(
                new Departure(
                    new Uri((record.Find(DestinationKey) ?? Value.Empty).AsString(), UriKind.Absolute),
                    record.Find(TokenKey)?.AsString(),
                    record.Find(VerifyKey)?.AsBool() ?? false,
                    record.Find(PausedKey)?.AsBool() ?? false),
                Undecided: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ValueFormatException or WireFormatException or UriFormatException)
        {
            Log.MigrationUnreadable(logger, file, error.Message);
            if (Guid.TryParse(Path.GetFileName(file), out _))
            {
                unreadable.Add(Path.GetFileName(file));
            }
        }
    }

    private XenopsError Failed(Exception error)
    {
        Log.RecordsFailed(logger, error.Message);
        return new XenopsError(new XenopsErrorValue.IO_error(), error);
    }
}

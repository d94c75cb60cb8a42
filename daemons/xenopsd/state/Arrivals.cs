using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>What became of a migration towards this host.</summary>
public enum ArrivalOutcome
{
    /// <summary>Nothing is decided: it is under way, or it was when a former process ended.</summary>
    None,

    /// <summary>The VM is this host's; it may have ended since.</summary>
    Committed,

    /// <summary>This migration will never let the VM run here.</summary>
    Failed,
}

/// <summary>One migration towards this host.</summary>
/// <param name="Vm">The VM's own id.</param>
/// <param name="Temporary">The id it arrives under.</param>
/// <param name="Renamed">A domain under the VM's own id may be the one that arrived.</param>
/// <param name="Outcome">Written before anything is done that follows from it.</param>
/// <param name="Done">What follows from the outcome is done as well.</param>
/// <param name="Paused">The VM was paused at its source and stays so.</param>
public sealed record Arrival(string Vm, string Temporary, bool Renamed, ArrivalOutcome Outcome, bool Done, bool Paused);

/// <summary>
/// Migrations towards this host by the token their source gave them, one file each (<c>arrivals/&lt;digest of the token&gt;</c>, readable by
/// the owner alone). A source that lost the conversation asks by the token, which nobody else knows, and gets the answer that was
/// written down, also when the VM has ended here since or this daemon was restarted. The oldest that are done make room for new ones.
/// </summary>
public sealed class Arrivals
{
    private readonly string root;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<string, Arrival> entries = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> order = new();

    /// <summary>Reads what a former process left. A file that cannot be read is left out: its migration counts as unknown.</summary>
    public Arrivals(string databasePath, ILogger logger)
    {
        root = Path.Combine(databasePath, "arrivals");
        this.logger = logger;
        try
        {
            Directory.CreateDirectory(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            foreach (string file in Directory.EnumerateFiles(root).Where(static f => !f.EndsWith(".tmp", StringComparison.Ordinal)).OrderBy(File.GetLastWriteTimeUtc))
            {
                Load(file);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    /// <summary>Migrations whose consequences are not all drawn, by key.</summary>
    public ImmutableArray<KeyValuePair<string, Arrival>> Unfinished => [.. entries.Where(static e => !e.Value.Done)];

    /// <summary>Notes that a migration has come; returns its key. Raises IO_error.</summary>
    public string Begin(string token, Arrival arrival)
    {
        string key = KeyOf(token);
        if (!entries.ContainsKey(key))
        {
            order.Enqueue(key);
        }

        Write(key, arrival);
        Prune();
        return key;
    }

    /// <summary>Raises IO_error, and then nothing has changed.</summary>
    public void Change(string key, Func<Arrival, Arrival> change)
    {
        if (entries.TryGetValue(key, out var old))
        {
            Write(key, change(old));
        }
    }

    /// <summary>Null for a token nobody came with, as far back as the records go.</summary>
    public Arrival? Find(string token) => entries.GetValueOrDefault(KeyOf(token));

    private void Load(string file)
    {
        string key = Path.GetFileName(file);
        try
        {
            var record = JsonValueReader.Parse(File.ReadAllBytes(file)).AsStruct();
            string Text(string name) => (record.Find(name) ?? Value.Empty).AsString();
            bool Flag(string name) => (record.Find(name) ?? Value.Empty).AsBool();
            entries[key] = new Arrival(
                Text("vm"), Text("temporary"), Flag("renamed"), Enum.Parse<ArrivalOutcome>(Text("outcome")), Flag("done"), Flag("paused"));
            order.Enqueue(key);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ValueFormatException or WireFormatException or ArgumentException)
        {
            Log.MigrationUnreadable(logger, file, error.Message);
        }
    }

    private void Write(string key, Arrival arrival)
    {
        var buffer = new ArrayBufferWriter<byte>();
        JsonValueWriter.Write(buffer, w =>
        {
            w.BeginStruct(6);
            w.Member("vm");
            w.String(arrival.Vm);
            w.Member("temporary");
            w.String(arrival.Temporary);
            w.Member("renamed");
            w.Bool(arrival.Renamed);
            w.Member("outcome");
            w.String(arrival.Outcome.ToString());
            w.Member("done");
            w.Bool(arrival.Done);
            w.Member("paused");
            w.Bool(arrival.Paused);
            w.EndStruct();
        });
        try
        {
            AtomicFile.Write(Path.Combine(root, key), buffer.WrittenSpan, durable: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }

        entries[key] = arrival;
    }

    private void Prune()
    {
        for (int seen = order.Count; entries.Count > Migration.MigrationLimits.MaxArrivals && seen > 0 && order.TryDequeue(out string? oldest); seen--)
        {
            if (entries.TryGetValue(oldest, out var entry) && !entry.Done)
            {
                order.Enqueue(oldest);
                continue;
            }

            entries.TryRemove(oldest, out _);
            try
            {
                File.Delete(Path.Combine(root, oldest));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Log.RecordsFailed(logger, error.Message);
            }
        }
    }

    /// <summary>A token may be any text a peer sends; its digest is a good name of a file and gives the token away to nobody.</summary>
    private static string KeyOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private XenopsError Failed(Exception error)
    {
        Log.RecordsFailed(logger, error.Message);
        return new XenopsError(new XenopsErrorValue.IO_error(), error);
    }
}

using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>
/// The records on disk, one JSON file each (xenops protocol), under the root: <c>VM/&lt;id&gt;/config</c>, <c>VM/&lt;id&gt;/</c> with
/// <c>vbd.</c>, <c>vif.</c>, <c>vgpu.</c> or <c>vusb.&lt;device&gt;</c>, <c>PCI/&lt;id&gt;/pci.&lt;address&gt;</c> and
/// <c>extra/&lt;id&gt;</c>, which a VM that never ran need not have. Each is replaced whole, and only when it changed; the VM's own file is
/// written last, so that a VM is known once all of it is there. A write that fails (a full disk) leaves the old file. The directory is meant to be
/// lost when the host restarts, as its domains are.
/// </summary>
public sealed class VmFiles(string root, ILogger logger)
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Of a VM that never had a domain: it needs no file.</summary>
    private static readonly VmExtra NoExtra = new();

    private readonly ConcurrentDictionary<string, bool> uncertain = new(StringComparer.Ordinal);
    private readonly SpareRecords spare = new(root);
    private readonly string machines = Path.Combine(root, "VM");
    private readonly string pcis = Path.Combine(root, "PCI");
    private readonly string extras = Path.Combine(root, "extra");

    /// <summary>Every record that can be read; one that cannot is logged and left out.</summary>
    public ImmutableArray<VmRecord> Load()
    {
        try
        {
            Directory.CreateDirectory(machines, DirectoryMode);
            Directory.CreateDirectory(pcis, DirectoryMode);
            Directory.CreateDirectory(extras, DirectoryMode);
            spare.Clear();
            VmRecord[] records = [.. Directory.EnumerateDirectories(machines).Select(LoadOne).OfType<VmRecord>()];
            foreach (string orphan in Directory.EnumerateFiles(extras).Where(f => !Directory.Exists(Path.Combine(machines, Path.GetFileName(f)))))
            {
                File.Delete(orphan);
            }

            return [.. records];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    /// <summary>Writes what of the record differs from <paramref name="old"/>, the record as it was written last; files of devices that only
    /// the old one has are removed. Raises IO_error.</summary>
    public void Write(VmRecord record, VmRecord? old)
    {
        string id = record.Vm.id;
        string directory = Below(machines, id);
        try
        {
            // After a write that failed half-way, or when somebody has cleaned up, the files are not what the record was.
            bool missing = !Directory.Exists(directory);
            bool all = uncertain.TryRemove(id, out _) || (missing && old is not null);
            if (all)
            {
                spare.Forget(ConfigOf(id), ExtraOf(id));
            }

            if (missing && !spare.TryPlace(directory, ConfigOf(id), ExtraOf(id)))
            {
                Directory.CreateDirectory(directory, DirectoryMode);
            }

            if (!record.Pcis.IsEmpty)
            {
                Directory.CreateDirectory(Below(pcis, id), DirectoryMode);
            }

            var before = Documents(old).ToDictionary(static d => d.Path, static d => d.Subject, StringComparer.Ordinal);
            if (all)
            {
                before.TryAdd(ExtraOf(id), NoExtra);
            }

            foreach (var (path, subject, write) in Documents(record))
            {
                if (!before.Remove(path, out object? known) || all || !ReferenceEquals(known, subject))
                {
                    Save(path, write);
                }
            }

            foreach (string gone in before.Keys)
            {
                File.Delete(gone);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (old is null)
            {
                Forget(record);
            }
            else
            {
                uncertain[id] = true;
            }

            throw Failed(error);
        }
    }

    /// <summary>What was written of a VM that is not to be; the next load clears away what cannot be removed now.</summary>
    private void Forget(VmRecord record)
    {
        try
        {
            Delete(record);
        }
        catch (XenopsError)
        {
            // The failure of the write is what the caller is told.
        }
    }

    /// <summary>The VM's own file goes first: what is left when this is interrupted is no VM, and is cleared away by the next load.</summary>
    public void Delete(VmRecord record)
    {
        string id = record.Vm.id;
        try
        {
            if (!record.DeviceIds.Any() && !uncertain.ContainsKey(id) && spare.TryKeep(Below(machines, id), ConfigOf(id), ExtraOf(id)))
            {
                return;
            }

            spare.Forget(ConfigOf(id), ExtraOf(id));
            File.Delete(ConfigOf(id));
            DeleteDirectory(Below(machines, id));
            DeleteDirectory(Below(pcis, id));
            File.Delete(ExtraOf(id));
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody cleaned the directory up; what was to be gone is gone.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    private VmRecord? LoadOne(string directory)
    {
        string id = Path.GetFileName(directory);
        try
        {
            string config = Path.Combine(directory, "config");
            if (!File.Exists(config))
            {
                DeleteDirectory(directory);
                return null;
            }

            string extra = Path.Combine(extras, id);
            return new VmRecord(
                VmCodec.Read(Parse(config)),
                Devices(directory, "vbd.*", VbdCodec.Read),
                Devices(directory, "vif.*", VifCodec.Read),
                File.Exists(extra) ? VmExtraCodec.Read(Parse(extra)) : new VmExtra())
            {
                Vgpus = Devices(directory, "vgpu.*", VgpuCodec.Read),
                Vusbs = Devices(directory, "vusb.*", VusbCodec.Read),
                Pcis = Devices(Path.Combine(pcis, id), "pci.*", PciCodec.Read),
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ValueFormatException or WireFormatException)
        {
            Log.RecordUnreadable(logger, id, error.Message);
            return null;
        }
    }

    private static ImmutableArray<T> Devices<T>(string directory, string pattern, Func<Value, T> read) => !Directory.Exists(directory)
        ? []
        : [.. Directory.EnumerateFiles(directory, pattern).Where(IsRecord).Order(StringComparer.Ordinal).Select(f => read(Parse(f)))];

    /// <summary>The files of a record, in the order they are written: path, what it holds, how it is written.</summary>
    private IEnumerable<(string Path, object Subject, Action<ValueWriter> Write)> Documents(VmRecord? record)
    {
        if (record is null)
        {
            yield break;
        }

        string directory = Below(machines, record.Vm.id);
        string passed = Below(pcis, record.Vm.id);
        if (record.Extra != NoExtra)
        {
            yield return (ExtraOf(record.Vm.id), record.Extra, w => VmExtraCodec.Write(w, record.Extra));
        }

        foreach (var vbd in record.Vbds)
        {
            yield return (Path.Combine(directory, "vbd." + Plain(vbd.id.device)), vbd, w => VbdCodec.Write(w, vbd));
        }

        foreach (var vif in record.Vifs)
        {
            yield return (Path.Combine(directory, "vif." + Plain(vif.id.device)), vif, w => VifCodec.Write(w, vif));
        }

        foreach (var vgpu in record.Vgpus)
        {
            yield return (Path.Combine(directory, "vgpu." + Plain(vgpu.id.device)), vgpu, w => VgpuCodec.Write(w, vgpu));
        }

        foreach (var vusb in record.Vusbs)
        {
            yield return (Path.Combine(directory, "vusb." + Plain(vusb.id.device)), vusb, w => VusbCodec.Write(w, vusb));
        }

        foreach (var pci in record.Pcis)
        {
            yield return (Path.Combine(passed, "pci." + Plain(pci.id.device)), pci, w => PciCodec.Write(w, pci));
        }

        yield return (ConfigOf(record.Vm.id), record.Vm, w => VmCodec.Write(w, record.Vm));
    }

    private string ConfigOf(string id) => Path.Combine(Below(machines, id), "config");

    private string ExtraOf(string id) => Below(extras, id);

    /// <summary>Ids become names of files: one that could leave the directory is refused.</summary>
    private static string Below(string directory, string id) =>
        id.Length > 0 && id[0] != '.' && !id.Contains('/', StringComparison.Ordinal) && !id.Contains('\0', StringComparison.Ordinal)
            ? Path.Combine(directory, id)
            : throw XenopsError.Internal($"\"{id}\" cannot be the id of a VM");

    private static string Plain(string device) =>
        device.Contains('/', StringComparison.Ordinal) || device.Contains('\0', StringComparison.Ordinal)
            ? throw XenopsError.Internal($"\"{device}\" cannot be the name of a device")
            : device;

    private static bool IsRecord(string file) => !file.EndsWith(".tmp", StringComparison.Ordinal);

    private static void DeleteDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Value Parse(string file) => JsonValueReader.Parse(File.ReadAllBytes(file));

    private void Save(string path, Action<ValueWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        JsonValueWriter.Write(buffer, write);
        if (!spare.TryWrite(path, buffer.WrittenSpan))
        {
            AtomicFile.Write(path, buffer.WrittenSpan);
        }
    }

    private XenopsError Failed(Exception error)
    {
        Log.RecordsFailed(logger, error.Message);
        return new XenopsError(new XenopsErrorValue.IO_error(), error);
    }
}

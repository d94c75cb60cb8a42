using System.Buffers;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>
/// The records on disk, one JSON file each (xenops protocol): <c>VM/&lt;id&gt;/config</c>, <c>VM/&lt;id&gt;/vbd.&lt;device&gt;</c>,
/// <c>VM/&lt;id&gt;/vif.&lt;device&gt;</c> and <c>extra/&lt;id&gt;</c> under the root. Each is replaced whole. The directory is meant to
/// be lost when the host restarts, as its domains are.
/// </summary>
public sealed class VmFiles(string root, ILogger logger)
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string machines = Path.Combine(root, "VM");
    private readonly string extras = Path.Combine(root, "extra");

    /// <summary>Every record that can be read; one that cannot is logged and left out.</summary>
    public ImmutableArray<VmRecord> Load()
    {
        try
        {
            Directory.CreateDirectory(machines, DirectoryMode);
            Directory.CreateDirectory(extras, DirectoryMode);
            return [.. Directory.EnumerateDirectories(machines).Select(LoadOne).OfType<VmRecord>()];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    /// <summary>Writes the record; files of devices that only <paramref name="old"/> has are removed.</summary>
    public void Write(VmRecord record, VmRecord? old)
    {
        string directory = DirectoryOf(record.Vm.id);
        try
        {
            Directory.CreateDirectory(directory, DirectoryMode);
            Save(Path.Combine(extras, record.Vm.id), w => VmExtraCodec.Write(w, record.Extra));
            foreach (var vbd in record.Vbds)
            {
                Save(Path.Combine(directory, VbdFile(vbd)), w => VbdCodec.Write(w, vbd));
            }

            foreach (var vif in record.Vifs)
            {
                Save(Path.Combine(directory, VifFile(vif)), w => VifCodec.Write(w, vif));
            }

            Save(Path.Combine(directory, "config"), w => VmCodec.Write(w, record.Vm));
            foreach (string gone in Names(old).Except(Names(record)))
            {
                File.Delete(Path.Combine(directory, gone));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    public void Delete(VmRecord record)
    {
        try
        {
            Directory.Delete(DirectoryOf(record.Vm.id), recursive: true);
            File.Delete(Path.Combine(extras, record.Vm.id));
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
            string extra = Path.Combine(extras, id);
            return new VmRecord(
                VmCodec.Read(Parse(Path.Combine(directory, "config"))),
                [.. Directory.EnumerateFiles(directory, "vbd.*").Where(IsRecord).Order(StringComparer.Ordinal).Select(f => VbdCodec.Read(Parse(f)))],
                [.. Directory.EnumerateFiles(directory, "vif.*").Where(IsRecord).Order(StringComparer.Ordinal).Select(f => VifCodec.Read(Parse(f)))],
                File.Exists(extra) ? VmExtraCodec.Read(Parse(extra)) : new VmExtra());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ValueFormatException or WireFormatException)
        {
            Log.RecordUnreadable(logger, id, error.Message);
            return null;
        }
    }

    /// <summary>Ids become names of files: one that could leave the directory is refused.</summary>
    private string DirectoryOf(string id) =>
        id.Length > 0 && id[0] != '.' && !id.Contains('/', StringComparison.Ordinal)
            ? Path.Combine(machines, id)
            : throw XenopsError.Internal($"\"{id}\" cannot be the id of a VM");

    private static bool IsRecord(string file) => !file.EndsWith(".tmp", StringComparison.Ordinal);

    private static IEnumerable<string> Names(VmRecord? record) =>
        record is null ? [] : record.Vbds.Select(VbdFile).Concat(record.Vifs.Select(VifFile));

    private static string VbdFile(Vbd vbd) => "vbd." + Plain(vbd.id.device);

    private static string VifFile(Vif vif) => "vif." + Plain(vif.id.device);

    private static string Plain(string device) =>
        device.Contains('/', StringComparison.Ordinal) ? throw XenopsError.Internal($"\"{device}\" cannot be the name of a device") : device;

    private static Value Parse(string file) => JsonValueReader.Parse(File.ReadAllBytes(file));

    private static void Save(string path, Action<ValueWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        JsonValueWriter.Write(buffer, write);
        AtomicFile.Write(path, buffer.WrittenSpan);
    }

    private XenopsError Failed(Exception error)
    {
        Log.RecordsFailed(logger, error.Message);
        return new XenopsError(new XenopsErrorValue.IO_error(), error);
    }
}

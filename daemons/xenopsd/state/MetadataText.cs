using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>A VM's metadata as the JSON string of VM.import_metadata and VM.export_metadata.</summary>
public static class MetadataText
{
    public static string Write(VmRecord record) => JsonValueWriter.Text(w => MetadataCodec.Write(w, new Metadata
    {
        vm = record.Vm,
        vbds = record.Vbds,
        vifs = record.Vifs,
        pcis = record.Pcis,
        vgpus = record.Vgpus,
        vusbs = record.Vusbs,
        domains = JsonValueWriter.Text(d => VmExtraCodec.Write(d, record.Extra)),
    }));

    /// <summary>Raises Internal_error for a text that is no metadata. Without <c>domains</c> the extra record is null: keep what is there.</summary>
    public static (Metadata Metadata, VmExtra? Extra) Read(string text)
    {
        try
        {
            var metadata = MetadataCodec.Read(JsonValueReader.Parse(Encoding.UTF8.GetBytes(text)));
            var extra = string.IsNullOrEmpty(metadata.domains) ? null : VmExtraCodec.Read(JsonValueReader.Parse(Encoding.UTF8.GetBytes(metadata.domains)));
            return (metadata, extra);
        }
        catch (Exception error) when (error is ValueFormatException or WireFormatException)
        {
            throw XenopsError.Internal($"metadata: {error.Message}", error);
        }
    }
}

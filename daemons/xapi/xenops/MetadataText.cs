using System.Buffers;
using System.Text;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>A VM's metadata as the JSON text that xenopsd takes.</summary>
internal static class MetadataText
{
    public static string Write(Metadata metadata)
    {
        ArrayBufferWriter<byte> output = new();
        JsonValueWriter.Write(output, writer => MetadataCodec.Write(writer, metadata));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

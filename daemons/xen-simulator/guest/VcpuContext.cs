using System.Buffers.Binary;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Guest;

/// <summary>The registers of a simulated vCPU: gfn of its slice's header u64, counter u64, little-endian, as hexadecimal text.</summary>
internal static class VcpuContext
{
    private const int Bytes = 16;

    public static string Write(GuestSlice slice)
    {
        var data = new byte[Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(data, slice.FirstGfn);
        BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(8), slice.Counter);
        return Convert.ToHexStringLower(data);
    }

    /// <summary>Finds the slice again that the context names; raises EINVAL when memory and context do not belong together.</summary>
    public static GuestSlice Attach(string text, GuestMemory memory)
    {
        if (text.Length != Bytes * 2 || !text.All(char.IsAsciiHexDigit))
        {
            throw new HypercallError(LibC.EINVAL, "vCPU context: not of its size");
        }

        var data = Convert.FromHexString(text);
        return GuestSlice.Attach(
            memory, BinaryPrimitives.ReadInt64LittleEndian(data), BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(8)));
    }
}

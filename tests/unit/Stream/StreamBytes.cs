using System.Buffers.Binary;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Stream;

/// <summary>Writes suspend images by hand, right and wrong ones, independently of the product's writers.</summary>
internal sealed class StreamBytes
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public StreamBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public StreamBytes Image(ulong type, params byte[] body) => U64(type).U64((ulong)body.Length).Raw(body);

    public StreamBytes Start() => Raw("XenSavedDomv2-\n"u8.ToArray()).Image(0x000f, "((a b)(c \"d)\"))"u8.ToArray()).Image(0x00f0);

    public StreamBytes Headers(uint version = 3, uint domainType = 2) =>
        Raw([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x58, 0x45, 0x4e, 0x46, 0, 0, 0, (byte)version, 0, 0, 0, 0, 0, 0, 0, 0])
            .U32(domainType).Raw(12, 0, 0, 0).U32(4).U32(17);

    public StreamBytes StaticData() => Record(0x11, new byte[24]).Record(0x12).Record(0x10);

    public StreamBytes Record(uint type, params byte[] body) =>
        U32(type).U32((uint)body.Length).Raw(body).Raw(new byte[(8 - (body.Length % 8)) % 8]);

    /// <summary>PAGE_DATA with the given entries (type in the top nibble); each data frame is filled with the low byte of its number.</summary>
    public StreamBytes Pages(params ulong[] entries)
    {
        StreamBytes body = new();
        body.U32((uint)entries.Length).U32(0);
        foreach (var entry in entries)
        {
            body.U64(entry);
        }

        foreach (var entry in entries.Where(e => e >> 60 < 0xD))
        {
            var page = new byte[4096];
            page.AsSpan().Fill((byte)(entry + 1));
            body.Raw(page);
        }

        return Record(1, body.ToArray());
    }

    public StreamBytes Zeros(params (ulong First, ulong Count)[] ranges)
    {
        StreamBytes body = new();
        body.U32((uint)ranges.Length).U32(0);
        foreach (var (first, count) in ranges)
        {
            body.U64(first).U64(count);
        }

        return Record(0x8000_0100, body.ToArray());
    }

    public StreamBytes Context() => Record(9, HvmContext.Build(1, [new HvmContextEntry(0x5343, 0, new byte[] { 1, 2, 3 })]));

    public StreamBytes Tail() =>
        Record(8, new byte[24]).Context().Record(0xa, [1, 0, 0, 0, 0, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]);

    public StreamBytes End() => Record(0).Image(0xffff);

    public StreamBytes U32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    public StreamBytes U64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Toolstack.Xenopsd.Backends.Xen.Building;

/// <summary>
/// The ACPI tables of a PVH guest (ACPI specification 6, hardware-reduced): a root pointer, a list of tables, the fixed table, the
/// interrupt controllers, from which the guest learns its vCPUs, and an empty description of devices. One block that belongs at
/// <see cref="Address"/>, with the root pointer first.
/// </summary>
public static class AcpiTables
{
    /// <summary>Where in the guest the block stands: below 4 GiB, above its memory, on a page.</summary>
    public const uint Address = 0xfc000000;

    private const int Header = 36;
    private const int Alignment = 64;
    private const int RootPointerSize = 36;
    private const int FixedSize = 268;
    private const int LocalApicSize = 8;
    private const uint LocalApicAddress = 0xfee00000;
    private const uint LocalApicEnabled = 1;

    // Flags of the fixed table: caches can be flushed, halting works, no fixed buttons, none of a PC's fixed hardware.
    private const uint FixedFlags = 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 20;

    // What of a PC must not be looked for: a VGA card, the clock.
    private const ushort BootFlags = 1 << 2 | 1 << 5;

    /// <summary>Tables that name <paramref name="vcpus"/> processors, all present; those that are offline are so by xenstore.</summary>
    public static byte[] Create(int vcpus)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vcpus);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vcpus, 128);
        var interrupts = Interrupts(vcpus);
        byte[] devices = Table("DSDT", 2, []);
        int list = Aligned(RootPointerSize);
        int fixedTable = Aligned(list + Header + 2 * sizeof(ulong));
        int controllers = Aligned(fixedTable + FixedSize);
        int description = Aligned(controllers + interrupts.Length);

        byte[] block = new byte[description + devices.Length];
        RootPointer(At(list)).CopyTo(block, 0);
        TableList(At(fixedTable), At(controllers)).CopyTo(block, list);
        Fixed(At(description)).CopyTo(block, fixedTable);
        interrupts.CopyTo(block, controllers);
        devices.CopyTo(block, description);
        return block;
    }

    private static ulong At(int offset) => Address + (uint)offset;

    private static int Aligned(int offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private static byte[] RootPointer(ulong list)
    {
        byte[] table = new byte[RootPointerSize];
        "RSD PTR "u8.CopyTo(table);
        "XAPI  "u8.CopyTo(table.AsSpan(9));
        table[15] = 2;
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(20), RootPointerSize);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(24), list);

        // The first part has a sum of its own, for readers of the first version.
        table[8] = Checksum(table.AsSpan(0, 20));
        table[32] = Checksum(table);
        return table;
    }

    private static byte[] TableList(params ReadOnlySpan<ulong> tables)
    {
        byte[] body = new byte[tables.Length * sizeof(ulong)];
        for (int i = 0; i < tables.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(i * sizeof(ulong)), tables[i]);
        }

        return Table("XSDT", 1, body);
    }

    private static byte[] Fixed(ulong description)
    {
        byte[] body = new byte[FixedSize - Header];
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(40 - Header), (uint)description);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(109 - Header), BootFlags);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(112 - Header), FixedFlags);
        body[131 - Header] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(140 - Header), description);
        return Table("FACP", 5, body);
    }

    /// <summary>Xen gives vCPU n the local interrupt controller 2n.</summary>
    private static byte[] Interrupts(int vcpus)
    {
        byte[] body = new byte[8 + vcpus * LocalApicSize];
        BinaryPrimitives.WriteUInt32LittleEndian(body, LocalApicAddress);
        for (int vcpu = 0; vcpu < vcpus; vcpu++)
        {
            var entry = body.AsSpan(8 + vcpu * LocalApicSize, LocalApicSize);
            entry[1] = LocalApicSize;
            entry[2] = (byte)vcpu;
            entry[3] = (byte)(vcpu * 2);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], LocalApicEnabled);
        }

        return Table("APIC", 2, body);
    }

    private static byte[] Table(string signature, byte revision, ReadOnlySpan<byte> body)
    {
        byte[] table = new byte[Header + body.Length];
        Encoding.ASCII.GetBytes(signature, table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        table[8] = revision;
        "XAPI  "u8.CopyTo(table.AsSpan(10));
        "PVHGUEST"u8.CopyTo(table.AsSpan(16));
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(24), 1);
        "XAPI"u8.CopyTo(table.AsSpan(28));
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(32), 1);
        body.CopyTo(table.AsSpan(Header));
        table[9] = Checksum(table);
        return table;
    }

    /// <summary>What makes the sum of the bytes 0 where it stands as 0 now.</summary>
    private static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return (byte)-sum;
    }
}

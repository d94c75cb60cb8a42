using System.Buffers.Binary;
using System.Text;
using Toolstack.Xenopsd.Backends.Xen.Building;
using Xunit;

namespace Toolstack.Tests.XenBuilding;

/// <summary>The tables as a guest finds them: from the root pointer on, every length and sum checked on the way.</summary>
public sealed class AcpiTablesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(128)]
    public void AGuestFindsItsProcessors(int vcpus)
    {
        var block = AcpiTables.Create(vcpus);
        Assert.Equal("RSD PTR ", Encoding.ASCII.GetString(block, 0, 8));
        AssertSum(block.AsSpan(0, 20));
        AssertSum(block.AsSpan(0, 36));

        var list = At(block, BinaryPrimitives.ReadUInt64LittleEndian(block.AsSpan(24)), "XSDT");
        Assert.Equal(36 + 2 * 8, list.Length);
        var fixedTable = At(block, BinaryPrimitives.ReadUInt64LittleEndian(list.AsSpan(36)), "FACP");
        var controllers = At(block, BinaryPrimitives.ReadUInt64LittleEndian(list.AsSpan(44)), "APIC");
        var description = At(block, BinaryPrimitives.ReadUInt64LittleEndian(fixedTable.AsSpan(140)), "DSDT");
        Assert.Equal(36, description.Length);
        Assert.True((BinaryPrimitives.ReadUInt32LittleEndian(fixedTable.AsSpan(112)) & 1 << 20) != 0, "not hardware-reduced");

        Assert.Equal(0xfee00000u, BinaryPrimitives.ReadUInt32LittleEndian(controllers.AsSpan(36)));
        Assert.Equal(44 + 8 * vcpus, controllers.Length);
        for (int vcpu = 0; vcpu < vcpus; vcpu++)
        {
            Assert.Equal([0, 8, (byte)vcpu, (byte)(2 * vcpu), 1, 0, 0, 0], controllers[(44 + 8 * vcpu)..(52 + 8 * vcpu)]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public void MoreOrFewerThanXenCanHaveAreRefused(int vcpus) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AcpiTables.Create(vcpus));

    private static byte[] At(byte[] block, ulong address, string signature)
    {
        int offset = checked((int)(address - AcpiTables.Address));
        Assert.Equal(signature, Encoding.ASCII.GetString(block, offset, 4));
        var table = block[offset..(offset + BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(offset + 4)))];
        AssertSum(table);
        return table;
    }

    private static void AssertSum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        Assert.Equal(0, sum);
    }
}

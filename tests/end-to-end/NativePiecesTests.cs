using System.Buffers.Binary;
using System.Diagnostics;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The C pieces, as the build made them.</summary>
public sealed class NativePiecesTests : DeadlineTests
{
    private const int PhysicalEntryNote = 18;

    [Fact]
    public async Task TheTestGuestHasTheNoteThatXenBootsPvhBy()
    {
        var elf = await File.ReadAllBytesAsync(Path.Combine(Repository.Native, "pvh-guest"), Cancel);
        Assert.Equal([0x7f, (byte)'E', (byte)'L', (byte)'F', 1], elf[..5]);
        var entry = Read32(elf, 24);
        Assert.Contains((PhysicalEntryNote, "Xen", entry), Notes(elf));
    }

    [Fact]
    public async Task TheDomainBuilderNamesWhatIsMissing()
    {
        var (status, error) = await RunBuilderAsync("--xen", "4.17");
        Assert.Equal(1, status);

        // Xen's library, or where that is installed, Xen.
        Assert.Matches("(?m)^error: (missing-library libxenctrl\\.so\\.4\\.17|xc_interface_open )", error);
    }

    [Fact]
    public async Task TheDomainBuilderNamesAVersionItDoesNotKnow()
    {
        var (status, error) = await RunBuilderAsync("--xen", "9.99");
        Assert.Equal((1, "error: unknown-version 9.99"), (status, error.Trim()));
    }

    private async Task<(int Status, string Error)> RunBuilderAsync(params string[] version)
    {
        string[] rest = ["--domid", "1", "--kernel", "/nonexistent", "--memory-mib", "64", "--store-port", "1", "--console-port", "2"];
        var info = new ProcessStartInfo(Path.Combine(Repository.Native, "xen-domain-builder"), [.. version, .. rest]) { RedirectStandardError = true };
        using var builder = Process.Start(info)!;
        var error = await builder.StandardError.ReadToEndAsync(Cancel);
        await builder.WaitForExitAsync(Cancel);
        return (builder.ExitCode, error);
    }

    private static List<(int Type, string Name, int Value)> Notes(byte[] elf)
    {
        var notes = new List<(int, string, int)>();
        for (var header = 0; header < BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(44)); header++)
        {
            var program = Read32(elf, 28) + header * 32;
            if (Read32(elf, program) == 4)
            {
                var at = Read32(elf, program + 4);
                notes.Add((Read32(elf, at + 8), System.Text.Encoding.ASCII.GetString(elf, at + 12, 3), Read32(elf, at + 16)));
            }
        }

        return notes;
    }

    private static int Read32(byte[] elf, int offset) => BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(offset));
}

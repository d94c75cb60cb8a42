using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Toolstack.Interop.Xen.Hypercalls;
using Xunit;

namespace Toolstack.Tests.InteropXen;

/// <summary>
/// The layouts of <see cref="AbiTable"/> against what a C compiler makes of the headers: Xen 4.17's own, where they are installed
/// (package libxen-dev), and those of the newer interface, which stand beside this test.
/// </summary>
public sealed class AbiProbeTests : IDisposable
{
    private const string Installed = "/usr/include/xen/domctl.h";
    private const string Prelude = """
        #include <stddef.h>
        #include <stdint.h>
        #include <stdio.h>

        """;

    private const string XensOwn = """
        #define __XEN_TOOLS__ 1
        #include <xen/xen.h>
        #include <xen/domctl.h>
        #include <xen/sysctl.h>
        #include <xen/memory.h>
        #include <xen/sched.h>
        #include <xen/event_channel.h>
        #include <xen/grant_table.h>
        #include <xen/hvm/hvm_op.h>
        #include <xen/hvm/params.h>
        #include <sys/ioctl.h>
        #include <xen/sys/privcmd.h>
        #include <xen/sys/evtchn.h>

        """;

    private readonly string directory = Directory.CreateTempSubdirectory("abi-probe-").FullName;

    [Fact]
    public async Task TablesAgreeWithTheInstalledHeaders()
    {
        RequireCompiler();
        Assert.SkipUnless(File.Exists(Installed), $"no {Installed}: the package libxen-dev is not installed");
        var version = (await RunAsync("sed", ["-n", "s/^#define XEN_DOMCTL_INTERFACE_VERSION //p", Installed])).Trim();
        Assert.SkipUnless(version == "0x00000015", $"the installed headers are of the interface {version}, not of Xen 4.17");
        var numbers = AbiTable.Numbers.Append(("XEN_SYSCTL_INTERFACE_VERSION", InterfaceVersions.KnownSysctl[^1]))
            .Append(("XEN_DOMCTL_INTERFACE_VERSION", InterfaceVersions.KnownDomctl[^1]));
        await CompareAsync(XensOwn, [.. AbiTable.Common, AbiTable.CreateOf417], numbers);
    }

    [Fact]
    public async Task TablesAgreeWithTheNewerInterface()
    {
        RequireCompiler();
        var header = Path.Combine(AppContext.BaseDirectory, "InteropXen", "headers", "xen-next.h");
        await CompareAsync($"#include \"{header}\"\n", [.. AbiTable.Common, AbiTable.CreateOf420], []);
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private static void RequireCompiler() =>
        Assert.SkipUnless(File.Exists("/usr/bin/gcc") || File.Exists("/usr/bin/cc"), "no C compiler");

    /// <summary>Makes a program that prints every size and offset, each under the name that ours is looked up by, and compares.</summary>
    private async Task CompareAsync(string headers, AbiRow[] rows, IEnumerable<(string Expression, ulong Value)> numbers)
    {
        SortedDictionary<string, ulong> ours = new(StringComparer.Ordinal);
        StringBuilder source = new(Prelude + headers + "int main(void) {\n");
        void Expect(string name, string expression, ulong value)
        {
            ours.Add(name, value);
            source.Append(CultureInfo.InvariantCulture, $"  printf(\"%s=%llu\\n\", \"{name}\", (unsigned long long)({expression}));\n");
        }

        foreach (var row in rows)
        {
            if (!row.SizeDiffers)
            {
                Expect(row.Structure, $"sizeof({row.Structure})", (ulong)Marshal.SizeOf(row.Ours));
            }

            foreach (var (theirs, field) in row.Fields)
            {
                Expect($"{row.Structure}.{theirs}", $"offsetof({row.Structure}, {theirs})", (ulong)Marshal.OffsetOf(row.Ours, field));
            }
        }

        foreach (var (expression, value) in AbiTable.SharedParts)
        {
            Expect(expression, expression, (ulong)value);
        }

        foreach (var (name, value) in numbers)
        {
            Expect(name, name, value);
        }

        var program = Path.Combine(directory, "probe");
        await File.WriteAllTextAsync(program + ".c", source.Append("  return 0;\n}\n").ToString());
        await RunAsync(File.Exists("/usr/bin/gcc") ? "gcc" : "cc", ["-std=gnu11", "-O0", "-o", program, program + ".c"]);
        var found = (await RunAsync(program, [])).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ours.Select(static pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        ProcessStartInfo info = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return output;
    }
}

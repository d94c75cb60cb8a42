using System.Diagnostics;
using System.Globalization;
using System.Text;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>Starts the daemons of a pool as their units say, where no systemd runs: a C program of these tests makes the namespaces, drops
/// what the unit does not leave and installs its filter of system calls, as systemd does, then becomes the daemon. What is taken over from
/// a unit is what <see cref="Header"/> writes down; limits of resources and what concerns other processes' view is not.</summary>
internal sealed class DaemonConfinement : IDisposable
{
    private const int NobodysUid = 65533;
    private const UnixFileMode Passable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("toolstack-confine-");
    private readonly Dictionary<string, string> programs = new(StringComparer.Ordinal);

    internal static async Task<DaemonConfinement> BuildAsync(CancellationToken cancel)
    {
        var result = new DaemonConfinement();
        try
        {
            var calls = await SystemCalls.LoadAsync(cancel);
            foreach (var daemon in (string[])["message-switch", "xapi", "xenopsd", "xen-simulator"])
            {
                result.programs[daemon] = await result.CompileAsync(daemon, calls, cancel);
            }

            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>What a pool is to start instead of a daemon, before its path and arguments.</summary>
    internal IReadOnlyList<string> Launch(string daemon, string hostDirectory)
    {
        // As the service manager's own socket is, and the way to what the daemon is given: for everybody.
        File.SetUnixFileMode(Path.GetDirectoryName(hostDirectory)!, Passable);
        File.SetUnixFileMode(Path.Combine(hostDirectory, daemon + ".notify"), (UnixFileMode)0x1ff);
        var socket = Path.Combine(hostDirectory, daemon == "xapi" ? "xapi.sock" : "switch.sock");
        return [programs[daemon], hostDirectory, Path.Combine(hostDirectory, "run-" + daemon), socket];
    }

    public void Dispose() => directory.Delete(recursive: true);

    private async Task<string> CompileAsync(string daemon, SystemCalls calls, CancellationToken cancel)
    {
        var place = directory.CreateSubdirectory(daemon).FullName;
        var unit = new UnitFile(daemon + ".service");
        await File.WriteAllTextAsync(Path.Combine(place, "unit.h"), Header(unit, calls.Allowed(unit)), cancel);
        var program = Path.Combine(place, "confine");
        var source = Path.Combine(Repository.Root, "tests/end-to-end/confinement/confine.c");
        var compiler = new[] { "clang", "gcc" }.First(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(path => File.Exists(Path.Combine(path, name))));
        using var compile = Process.Start(new ProcessStartInfo(compiler, ["-O1", "-I", place, "-o", program, source]) { RedirectStandardError = true })!;
        var errors = await compile.StandardError.ReadToEndAsync(cancel);
        await compile.WaitForExitAsync(cancel);
        return compile.ExitCode == 0 ? program : throw new InvalidOperationException(errors);
    }

    private static string Header(UnitFile unit, IReadOnlySet<string> calls)
    {
        var text = new StringBuilder("#include <linux/capability.h>\n");
        Flag("STRICT", unit.Says("ProtectSystem", "strict"));
        Flag("FULL", unit.Says("ProtectSystem", "full"));
        Flag("ETC_WRITABLE", unit.Words("ReadWritePaths")?.Contains("-/etc") == true);
        Flag("HOME_HIDDEN", unit.Says("ProtectHome", "yes"));
        Flag("PRIVATE_TMP", unit.Says("PrivateTmp", "yes"));
        Flag("PRIVATE_DEVICES", unit.Says("PrivateDevices", "yes"));
        Flag("PRIVATE_NETWORK", unit.Says("PrivateNetwork", "yes"));
        Flag("PRIVATE_FILES", unit.Says("UMask", "0077"));
        Flag("TUNABLES", unit.Says("ProtectKernelTunables", "yes"));
        Flag("CONTROL_GROUPS", unit.Says("ProtectControlGroups", "yes"));
        Flag("NO_CODE", unit.Says("MemoryDenyWriteExecute", "yes"));
        Flag("NO_NAMESPACES", unit.Says("RestrictNamespaces", "yes"));
        text.Append(CultureInfo.InvariantCulture, $"#define USER_ID {(unit.Value("User") is null ? 0 : NobodysUid)}\n");
        var socket = Path.ChangeExtension(unit.Path, ".socket");
        text.Append(CultureInfo.InvariantCulture, $"#define SOCKET_NAME \"{(File.Exists(socket) ? Path.GetFileNameWithoutExtension(socket) : "")}\"\n");
        text.Append("#define READ_ONLY ").AppendJoin(" ", (unit.Words("ReadOnlyPaths") ?? []).Select(static path => $"\"{path.TrimStart('-')}\",")).Append('\n');
        text.Append("#define FAMILIES ").AppendJoin(" ", (unit.Words("RestrictAddressFamilies") ?? []).Select(static family => family + ",")).Append('\n');
        text.Append("#define CAPABILITIES ").AppendJoin(" ", (unit.Words("CapabilityBoundingSet") ?? []).Select(static one => one + ",")).Append('\n');

        // A call this machine's headers do not know is none that it can make.
        foreach (var call in calls)
        {
            text.Append(CultureInfo.InvariantCulture, $"#ifdef __NR_{call}\n#define CALL_{call} __NR_{call},\n#else\n#define CALL_{call}\n#endif\n");
        }

        text.Append("#define CALLS ").AppendJoin(" ", calls.Select(static call => $"CALL_{call}")).Append('\n');
        return text.ToString();

        void Flag(string name, bool on) => text.Append(CultureInfo.InvariantCulture, $"#define {name} {(on ? 1 : 0)}\n");
    }
}

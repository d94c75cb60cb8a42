using System.Diagnostics;
using System.Globalization;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>Xen's own toolstack as a process for each command, and its helper for copies (libxl-save-helper, which is libxenguest) by its
/// beginning and end. Raises IOException when a command fails.</summary>
internal static class Xl
{
    private const string Helper = "/tmp/timed-helper";
    private const string HelperLog = "/tmp/timed-helper.log";
    private const string Receiver = "/tmp/receiver";

    /// <summary>Puts scripts in place: one around the helper, and one in place of ssh.</summary>
    public static void Prepare()
    {
        Script(Helper, $"""
            #!/bin/sh
            for helper in /usr/lib/xen-*/bin/libxl-save-helper; do :; done
            read now rest < /proc/uptime; echo "$1 begin $now" >> {HelperLog}
            "$helper" "$@"; status=$?
            read now rest < /proc/uptime; echo "$1 end $now" >> {HelperLog}
            exit $status

            """);
        Script(Receiver, "#!/bin/sh\nshift\nexec \"$@\"\n");
        Environment.SetEnvironmentVariable("LIBXL_SAVE_HELPER", Helper);
    }

    /// <summary>Milliseconds of a command.</summary>
    public static async Task<double> RunAsync(params string[] arguments)
    {
        File.WriteAllText(HelperLog, "");
        var start = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("xl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // What xl leaves running in the background keeps the pipes: their end is not waited for.
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var time = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return process.ExitCode == 0 ? time
            : throw new IOException($"xl {string.Join(' ', arguments)}: {await output} {await error}");
    }

    public static Task<double> CreateAsync(Guest guest)
    {
        var path = $"/tmp/{guest.Name}.cfg";
        File.WriteAllText(path, guest.XlText());
        return RunAsync("create", "-q", path);
    }

    public static Task<double> MigrateAsync(Guest guest) => RunAsync("migrate", "-s", Receiver, guest.Name, "localhost");

    /// <summary>When the last command's helper began or ended, in seconds; <paramref name="mode"/> is --save-domain or --restore-domain.</summary>
    public static double HelperAt(string mode, string what)
    {
        foreach (var line in File.ReadLines(HelperLog))
        {
            if (line.StartsWith($"{mode} {what} ", StringComparison.Ordinal))
            {
                return double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
            }
        }

        throw new IOException($"xl's helper said nothing of {mode} {what}: {File.ReadAllText(HelperLog)}");
    }

    private static void Script(string path, string text)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}

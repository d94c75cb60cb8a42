using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Toolstack.Hosting;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// Sees to it that a simulated host is there: when nobody listens on its socket, xen-simulator is started from beside this executable,
/// in a session of its own, so that it and its guests outlive xenopsd. Whoever wants it gone stops it.
/// </summary>
internal static class SimulatorLauncher
{
    private const string Program = "xen-simulator";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>Returns when somebody listens at <paramref name="path"/>; raises <see cref="ConfigurationException"/> when that cannot be had.</summary>
    public static async Task EnsureAsync(string path, long memoryMib, CancellationToken cancel)
    {
        if (UnixSocketFile.IsServed(path))
        {
            return;
        }

        try
        {
            Launch(WriteConfiguration(path, memoryMib));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or Win32Exception)
        {
            throw new ConfigurationException($"simulator-path {path}: nobody listens there, and {Program} does not start: {error.Message}");
        }

        var clock = Stopwatch.StartNew();
        while (!UnixSocketFile.IsServed(path))
        {
            if (clock.Elapsed > Deadline)
            {
                throw new ConfigurationException($"simulator-path {path}: {Program} was started but does not listen there");
            }

            await Task.Delay(Look, cancel).ConfigureAwait(false);
        }
    }

    private static string WriteConfiguration(string path, long memoryMib)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        var file = path + ".conf";
        File.WriteAllLines(file,
        [
            $"hypervisor-path = {path}",
            $"xenstore-path = {path}.xenstore",
            string.Create(CultureInfo.InvariantCulture, $"memory-mib = {memoryMib}"),
        ]);
        return file;
    }

    private static void Launch(string configuration)
    {
        var executable = Path.Combine(AppContext.BaseDirectory, Program);
        if (!File.Exists(executable))
        {
            throw new FileNotFoundException($"{executable} is not there");
        }

        // The service manager's variables are xenopsd's own: a child that says READY would speak for it.
        var start = new ProcessStartInfo("setsid", ["--fork", executable, "--config", configuration]);
        start.Environment.Remove("NOTIFY_SOCKET");
        start.Environment.Remove("WATCHDOG_USEC");
        using var process = Process.Start(start);
    }
}

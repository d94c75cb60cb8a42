using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Toolstack.EndToEnd.Pool;

/// <summary>Starts the daemons so that none outlives this process, not even after kill -9: each asks the kernel to be killed when
/// its parent dies. The kernel counts the *thread* that forked as the parent, so all are started from one thread that never ends.</summary>
internal static partial class Spawner
{
    private static readonly BlockingCollection<Action> Work = [];

    static Spawner() => new Thread(Run) { IsBackground = true, Name = "spawner" }.Start();

    /// <summary>Starts a program, the first word of <paramref name="command"/>, with its output appended to <paramref name="logFile"/>; the process id is the program's own.</summary>
    internal static Process Start(IReadOnlyList<string> command, string logFile, IReadOnlyDictionary<string, string> environment)
    {
        var info = new ProcessStartInfo("/bin/sh") { WorkingDirectory = "/" };
        foreach (var argument in (string[])
            ["-c", "log=$1; shift; exec setpriv --pdeathsig KILL -- \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", logFile, .. command])
        {
            info.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(info) ?? throw new PoolFailure("no process for " + command[0]));
            }
            catch (Exception error) when (error is System.ComponentModel.Win32Exception or PoolFailure)
            {
                started.SetException(error);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    /// <summary>Sends a signal; a process that is gone already is no error.</summary>
    internal static void Signal(int pid, int signal)
    {
        if (pid > 0)
        {
            _ = Kill(pid, signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Kill(int pid, int signal);

    private static void Run()
    {
        foreach (var action in Work.GetConsumingEnumerable())
        {
            action();
        }
    }
}

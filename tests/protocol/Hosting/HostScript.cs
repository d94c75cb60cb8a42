using System.Diagnostics;

namespace Toolstack.Tests.Hosting;

/// <summary>Makes programs of the host out of a few lines of shell. This process never has the file open for writing: another that a test beside this one
/// starts would have it too for a moment, and what is open for writing cannot be run.</summary>
internal static class HostScript
{
    internal static void Write(string path, string body)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cat > \"$0\" && chmod 700 \"$0\"", path]) { RedirectStandardInput = true })!;
        shell.StandardInput.Write($"#!/bin/sh\n{body}\n");
        shell.StandardInput.Close();
        shell.WaitForExit();
        if (shell.ExitCode != 0)
        {
            throw new InvalidOperationException($"{path} could not be written");
        }
    }
}

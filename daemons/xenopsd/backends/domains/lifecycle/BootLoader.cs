using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.HookScripts;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>What a boot loader found on a disk: files of the host, which go when this is disposed, and the command line.</summary>
internal sealed record LoadedKernel(string Kernel, string? Ramdisk, string CommandLine, ILogger Logger) : IDisposable
{
    public void Dispose()
    {
        foreach (string file in Ramdisk is null ? (string[])[Kernel] : [Kernel, Ramdisk])
        {
            try
            {
                File.Delete(file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Log.BootFileStays(Logger, file, error.Message);
            }
        }
    }
}

/// <summary>
/// Boot loaders of PV guests: programs of the host that read a guest's disk and leave its kernel in a directory made for that. What
/// is on the disk is the guest's and may be made to do harm, so the program runs within bounds and what it says is checked: lines
/// <c>kernel PATH</c>, <c>ramdisk PATH</c> and <c>args TEXT</c> up to an empty one; the files must stand in one of the directories.
/// </summary>
internal sealed class BootLoader(DomainOptions options, ILogger logger)
{
    private const string Reason = "RuntimeError: ";
    private const string Shell = "/bin/sh";

    /// <summary>Bounds can be put on a process that exists, not on one to come: this one waits for them, and then becomes the program.</summary>
    private const string AfterBounds = "read -r go && exec \"$0\" \"$@\"";

    /// <summary>XenopsError Bootloader_error with the program's words, No_bootable_device when the VM names no disk.</summary>
    public async Task<LoadedKernel> RunAsync(string vmId, int domid, IndirectBoot boot, string disk, CancellationToken cancel)
    {
        if (!options.BootLoaders.TryGetValue(Path.GetFileName(boot.bootloader), out string? program))
        {
            throw Failed(vmId, $"unknown boot loader \"{boot.bootloader}\"");
        }

        ProcessStartInfo start = new(Shell) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(AfterBounds);
        start.ArgumentList.Add(program);
        start.ArgumentList.Add("--output-format=simple");
        start.ArgumentList.Add("-q");
        if (options.BootLoaderUserBase > 0)
        {
            start.ArgumentList.Add(string.Create(CultureInfo.InvariantCulture, $"--runas={options.BootLoaderUserBase + domid}"));
        }

        foreach (string word in boot.bootloader_args.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            start.ArgumentList.Add(word);
        }

        start.ArgumentList.Add(disk);
        return Parse(vmId, await OutputAsync(vmId, program, start, cancel).ConfigureAwait(false), boot);
    }

    private async Task<string> OutputAsync(string vmId, string program, ProcessStartInfo start, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(options.BootLoaderTimeout);
        using var process = Start(vmId, start);
        try
        {
            options.BootLoaderLimits.Apply(process.Id);
            await process.StandardInput.WriteLineAsync().ConfigureAwait(false);
            process.StandardInput.Close();
            var output = ProgramOutput.ReadAsync(process.StandardOutput, deadline.Token);
            var errors = ProgramOutput.ReadAsync(process.StandardError, deadline.Token);
            await Task.WhenAll(output, errors).ConfigureAwait(false);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            string said = await output.ConfigureAwait(false);
            return process.ExitCode == 0 ? said : throw Failed(vmId, Complaint(await errors.ConfigureAwait(false), process.ExitCode));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Failed(vmId, $"{program} was not done within {options.BootLoaderTimeout.TotalSeconds:0} s");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static Process Start(string vmId, ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw Failed(vmId, $"{start.FileName} did not start");
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw Failed(vmId, $"{start.FileName}: {error.Message}");
        }
    }

    private LoadedKernel Parse(string vmId, string output, IndirectBoot boot)
    {
        string? kernel = null;
        string? ramdisk = null;
        string arguments = "";
        foreach (string line in output.Split('\n').Select(static l => l.TrimEnd('\r')).TakeWhile(static l => l.Length > 0))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            string value = space < 0 ? "" : line[(space + 1)..];
            switch (space < 0 ? line : line[..space])
            {
                case "kernel":
                    kernel = Checked(vmId, value);
                    break;
                case "ramdisk":
                    ramdisk = Checked(vmId, value);
                    break;
                case "args":
                    arguments = value;
                    break;
                default:
                    break;
            }
        }

        string commandLine = string.Join(' ', ((string[])[arguments, boot.legacy_args, boot.extra_args]).Where(static a => a.Length > 0));
        return new LoadedKernel(kernel ?? throw Failed(vmId, "the boot loader found no kernel"), ramdisk, commandLine, logger);
    }

    /// <summary>A file that stands itself in one of the directories: no other of the host's is given to a guest, or removed.</summary>
    private string Checked(string vmId, string path) =>
        Path.IsPathFullyQualified(path) && Path.GetFullPath(path) == path && options.BootFileDirectories.Contains(Path.GetDirectoryName(path) ?? "")
        && File.Exists(path) && new FileInfo(path).LinkTarget is null
            ? path
            : throw Failed(vmId, $"the boot loader names \"{path}\", which is none of its files");

    private static string Complaint(string errors, int exitCode)
    {
        int at = errors.LastIndexOf(Reason, StringComparison.Ordinal);
        string text = at < 0 ? errors.Trim() : errors[(at + Reason.Length)..].Trim();
        return text.Length > 0 ? text : string.Create(CultureInfo.InvariantCulture, $"exit code {exitCode}");
    }

    private static XenopsError Failed(string vmId, string message) => new(new XenopsErrorValue.Bootloader_error(vmId, message));
}

using System.Diagnostics;
using System.Globalization;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Xen.Building;

/// <summary>
/// Loads guests through the helper <c>xen-domain-builder</c>, a process for each: the library under it may abort. It prints
/// <c>result:STORE CONSOLE</c>, the frames of the guest's two rings; an error is a line <c>error: NAME ...</c>.
/// </summary>
internal sealed class DomainBuilder(string helper)
{
    private const string ResultPrefix = "result:";

    /// <summary>Raises XenopsError: Unimplemented for a guest that needs an emulator or a shim, Internal_error with the helper's words when the
    /// image cannot be loaded or the helper does not end in time.</summary>
    public async Task<GuestRings> RunAsync(XenMachine machine, int domid, GuestImage image, CancellationToken cancel)
    {
        if (image.Kind is not (GuestKind.Pv or GuestKind.Pvh))
        {
            throw new XenopsError(new XenopsErrorValue.Unimplemented($"xen: a guest of kind {image.Kind}"));
        }

        if (!File.Exists(image.Kernel))
        {
            throw XenopsError.Internal($"there is no kernel {image.Kernel}");
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(BuilderLimits.Deadline);
        try
        {
            using var process = Start(machine, domid, image);
            return await FinishAsync(process, image, deadline.Token).ConfigureAwait(false);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw XenopsError.Internal($"{helper}: {error.Message}", error);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw XenopsError.Internal($"{helper}: not done within {BuilderLimits.Deadline.TotalSeconds:0} s");
        }
    }

    /// <summary>The frames of the two rings; null for lines without them.</summary>
    internal static GuestRings? Parse(string output)
    {
        foreach (var line in output.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(ResultPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            var words = line[ResultPrefix.Length..];
            int space = words.IndexOf(' ');
            return space > 0
                && ulong.TryParse(words[..space], NumberStyles.None, CultureInfo.InvariantCulture, out ulong store)
                && ulong.TryParse(words[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong console)
                ? new GuestRings(store, console)
                : null;
        }

        return null;
    }

    private Process Start(XenMachine machine, int domid, GuestImage image)
    {
        bool pvh = image.Kind == GuestKind.Pvh;
        ProcessStartInfo start = new(helper)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Add("xen", string.Create(CultureInfo.InvariantCulture, $"{machine.MajorVersion}.{machine.MinorVersion}"));
        Add("domid", Number(domid));
        Add("kind", pvh ? "pvh" : "pv");
        Add("kernel", image.Kernel);
        Add("cmdline", image.CommandLine);
        Add("memory-mib", Number(image.MemoryTargetBytes >> 20));
        Add("memory-max-mib", Number(image.MemoryMaxBytes >> 20));
        Add("vcpus", Number(image.Vcpus));
        Add("store-port", Number(image.StorePort));
        Add("console-port", Number(image.ConsolePort));
        if (image.Ramdisk is { Length: > 0 } ramdisk)
        {
            Add("ramdisk", ramdisk);
        }

        if (image.Features is { Length: > 0 } features)
        {
            Add("features", features);
        }

        if (pvh)
        {
            Add("acpi-address", Number(AcpiTables.Address));
        }

        return Process.Start(start) ?? throw XenopsError.Internal($"{helper}: not started");

        void Add(string name, string value)
        {
            start.ArgumentList.Add("--" + name);
            start.ArgumentList.Add(value);
        }
    }

    private async Task<GuestRings> FinishAsync(Process process, GuestImage image, CancellationToken cancel)
    {
        try
        {
            var output = ReadAsync(process.StandardOutput, cancel);
            var errors = ReadAsync(process.StandardError, cancel);
            await SendAsync(process, image, cancel).ConfigureAwait(false);
            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
            string said = await errors.ConfigureAwait(false);
            return process.ExitCode == 0 && Parse(await output.ConfigureAwait(false)) is { } rings
                ? rings
                : throw XenopsError.Internal($"{helper}: exit code {process.ExitCode}: {Ending(said)}");
        }
        catch
        {
            // A helper that is not waited for any more would go on filling a domain that is being taken back.
            process.Kill();
            throw;
        }
    }

    private static async Task SendAsync(Process process, GuestImage image, CancellationToken cancel)
    {
        try
        {
            if (image.Kind == GuestKind.Pvh)
            {
                await process.StandardInput.BaseStream.WriteAsync(AcpiTables.Create(image.Vcpus), cancel).ConfigureAwait(false);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading: why stands on its other streams.
        }
    }

    /// <summary>All that comes, of which the end is kept.</summary>
    private static async Task<string> ReadAsync(StreamReader from, CancellationToken cancel)
    {
        char[] buffer = new char[4096];
        string kept = "";
        int read;
        while ((read = await from.ReadAsync(buffer.AsMemory(), cancel).ConfigureAwait(false)) > 0)
        {
            kept += new string(buffer, 0, read);
            kept = kept.Length > BuilderLimits.MaxOutput ? kept[^BuilderLimits.MaxOutput..] : kept;
        }

        return kept;
    }

    private static string Ending(string said)
    {
        string text = said.Trim().ReplaceLineEndings("; ");
        return text.Length > BuilderLimits.MaxErrorText ? "..." + text[^BuilderLimits.MaxErrorText..] : text;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

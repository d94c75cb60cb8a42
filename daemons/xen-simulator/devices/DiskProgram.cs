using System.Globalization;
using System.Text;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// What the guest does with a disk of <see cref="Sectors"/> sectors: it prints the record it finds in the first block, and on a writable
/// disk goes on from its counter, writes the next record every second while it runs, and reads it back.
/// </summary>
internal sealed class DiskProgram(IDeviceGuest guest, BlockRing ring, int id, long sectors, bool writable)
{
    private const string Prefix = "simulated guest's record ";

    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal long Sectors { get; } = sectors;

    internal void Start(CancellationToken cancel) => _ = RunAsync(cancel);

    internal void Stop() => stopped.TrySetResult();

    /// <summary>The counter of a record; 0 when the block holds none.</summary>
    internal static long Counter(ReadOnlySpan<byte> block)
    {
        var end = block.IndexOf((byte)'\n');
        var text = end < 0 ? "" : Encoding.ASCII.GetString(block[..end]);
        return text.StartsWith(Prefix, StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var counter) ? counter : 0;
    }

    private static void Fill(Span<byte> block, long counter)
    {
        block.Clear();
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{counter}\n"), block);
    }

    /// <summary>Ends with the device.</summary>
    private async Task RunAsync(CancellationToken cancel)
    {
        if (Sectors < DeviceLimits.BlockBytes / DeviceLimits.SectorBytes)
        {
            guest.Print($"disk {id}: no medium");
            return;
        }

        try
        {
            var block = new byte[DeviceLimits.BlockBytes];
            if (!await ring.CallAsync(new BlockRequest(false, 0, block), cancel).ConfigureAwait(false))
            {
                guest.Print($"disk {id}: cannot be read");
                return;
            }

            var counter = Counter(block);
            guest.Print($"disk {id}: {Sectors} sectors, {(writable ? "writable" : "read-only")}, record {counter}");
            while (writable && !stopped.Task.IsCompleted)
            {
                await guest.UntilRunningAsync(cancel).ConfigureAwait(false);
                if (!await WriteAsync(block, ++counter, cancel).ConfigureAwait(false))
                {
                    return;
                }

                await Task.WhenAny(stopped.Task, Task.Delay(DeviceLimits.RecordInterval, cancel)).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The domain has gone.
        }
    }

    private async Task<bool> WriteAsync(byte[] block, long counter, CancellationToken cancel)
    {
        Fill(block, counter);
        if (!await ring.CallAsync(new BlockRequest(true, 0, block), cancel).ConfigureAwait(false)
            || !await ring.CallAsync(new BlockRequest(false, 0, block), cancel).ConfigureAwait(false))
        {
            if (!stopped.Task.IsCompleted)
            {
                guest.Print($"disk {id}: input/output error at record {counter}");
            }

            return false;
        }

        if (Counter(block) != counter)
        {
            guest.Print($"disk {id}: record {counter} reads back as {Counter(block)}");
            return false;
        }

        return true;
    }
}

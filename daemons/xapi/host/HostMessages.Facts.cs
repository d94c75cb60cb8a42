using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Hosts;

/// <summary>What can be asked of a host: its clock, its logs, its memory, what it measures, which messages it knows.</summary>
internal sealed partial class HostMessages
{
    private const int MaxLogBytes = 1024 * 1024;
    private const double KibibyteBytes = 1024;

    public override Task<DateTimeOffset> get_servertime(Call call, Ref<host> host) => Task.FromResult(DateTimeOffset.UtcNow);

    public override Task<DateTimeOffset> get_server_localtime(Call call, Ref<host> host)
    {
        DateTimeOffset now = DateTimeOffset.Now;
        return Task.FromResult(new DateTimeOffset(now.DateTime, TimeSpan.Zero));
    }

    /// <summary>In bytes.</summary>
    public override async Task<long> compute_free_memory(Call call, Ref<host> host)
    {
        host row = await database.Get(host, call.Cancellation).ConfigureAwait(false);
        host_metrics metrics = await database.Get(row.metrics, call.Cancellation).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms = await database.GetAll<VM>(call.Cancellation).ConfigureAwait(false);
        return HostMemory.Free(host, row, metrics, vms, Ref<VM>.Null);
    }

    /// <summary>In bytes: what the hypervisor itself takes.</summary>
    public override async Task<long> compute_memory_overhead(Call call, Ref<host> host) =>
        (await database.Get(host, call.Cancellation).ConfigureAwait(false)).memory_overhead;

    /// <summary>The end of the host's log, at most <see cref="MaxLogBytes"/>; empty where it keeps none in a file.</summary>
    public override async Task<string> get_log(Call call, Ref<host> host)
    {
        string path = services.Configuration.Get(Settings.HostLog);
        if (path.Length == 0 || !File.Exists(path))
        {
            return "";
        }

        using var log = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        log.Seek(Math.Max(0, log.Length - MaxLogBytes), SeekOrigin.Begin);
        byte[] end = new byte[MaxLogBytes];
        int count = await log.ReadAtLeastAsync(end, end.Length, throwOnEndOfStream: false, call.Cancellation).ConfigureAwait(false);
        return Encoding.UTF8.GetString(end, 0, count);
    }

    /// <summary>The hypervisor's console.</summary>
    public override Task<string> dmesg(Call call, Ref<host> host) => Xenops.HostGetConsoleData(call.TaskRef, call.Cancellation);

    public override Task send_debug_keys(Call call, Ref<host> host, string keys) => Xenops.HostSendDebugKeys(call.TaskRef, keys, call.Cancellation);

    public override Task<ImmutableArray<string>> list_methods(Call call) => Task.FromResult<ImmutableArray<string>>(
        [.. Datamodel.Datamodel.Classes.SelectMany(static c => c.Messages.Where(static m => !m.PoolInternal).Select(static m => m.FullName)
            .Concat(ImplicitMessages.Of(c).Select(static m => m.FullName)))]);

    /// <summary>Raises HOST_HAS_NO_MANAGEMENT_IP when no PIF of the host is one.</summary>
    public override async Task<Ref<PIF>> get_management_interface(Call call, Ref<host> host)
    {
        foreach (Ref<PIF> self in (await database.Get(host, call.Cancellation).ConfigureAwait(false)).PIFs)
        {
            if (await database.Find(self, call.Cancellation).ConfigureAwait(false) is { management: true })
            {
                return self;
            }
        }

        throw new XenApiError("HOST_HAS_NO_MANAGEMENT_IP");
    }

    public override async Task<MessageResult> get_data_sources(Call call, Ref<host> host) =>
        DataSources.Result(await SourcesAsync(host, call.Cancellation).ConfigureAwait(false));

    /// <summary>Raises INVALID_VALUE [data_source; name] for one that the host does not have.</summary>
    public override async Task<double> query_data_source(Call call, Ref<host> host, string data_source) =>
        DataSources.Value(await SourcesAsync(host, call.Cancellation).ConfigureAwait(false), data_source);

    /// <summary>How long the calls of each message took here since the daemon started, on average and in seconds; with their number when asked for.</summary>
    public override Task<ImmutableSortedDictionary<string, string>> get_diagnostic_timing_stats(Call call, Ref<host> host, bool counts = false) =>
        Task.FromResult(services.Calls.All.Where(static message => message.Ended > 0).ToImmutableSortedDictionary(
            static message => message.Kind,
            message => (message.Duration.TotalSeconds / message.Ended).ToString("0.000000", CultureInfo.InvariantCulture)
                + (counts ? string.Create(CultureInfo.InvariantCulture, $" (n = {message.Ended})") : ""),
            StringComparer.Ordinal));

    private IXenops Xenops => services.Xenops ?? throw new XenApiError("INTERNAL_ERROR", "xenopsd is not connected");

    private async Task<IReadOnlyList<data_source>> SourcesAsync(Ref<host> self, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        host_metrics metrics = await database.Get(row.metrics, cancel).ConfigureAwait(false);
        double total = metrics.memory_total / KibibyteBytes;
        return
        [
            DataSources.Make("memory_total_kib", "Total amount of memory of the host", "KiB", total, total),
            DataSources.Make("memory_free_kib", "Memory that is free for guests", "KiB", total, metrics.memory_free / KibibyteBytes),
        ];
    }
}

using System.Globalization;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Migration;

/// <summary>Opens the connections of migrations away from this host, each with what it says of itself (xenops protocol, cookies).</summary>
internal sealed class DepartureConnections(IBackend backend, string instanceId, PhaseTimes times, MigrationSteps steps)
{
    /// <summary>The one for handshakes.</summary>
    internal Task<MigrationConnection> OpenVmAsync(Journey journey, string debugInfo, CancellationToken cancel) =>
        OpenAsync(journey, "vm", "", debugInfo, MemoryCookies(journey.Vm), cancel);

    internal Task<MigrationConnection> OpenMemoryAsync(Journey journey, string debugInfo, CancellationToken cancel) =>
        OpenAsync(journey, "mem", "", debugInfo, [], cancel);

    private Task<MigrationConnection> OpenAsync(
        Journey journey, string kind, string device, string debugInfo, IEnumerable<KeyValuePair<string, string>> more, CancellationToken cancel)
    {
        var cookies = Cookies(journey, debugInfo).Concat(more);
        byte[] head = PutRequest.Head(journey.Host.Url, kind, MigrationIds.Destination(journey.Vm) + device, cookies);
        return RemoteConnection.OpenAsync(journey.Host, head, cancel);
    }

    /// <summary>The connection for what the VM's graphics cards hold, taken by the destination; null for a VM without them.</summary>
    internal async Task<MigrationConnection?> OpenVgpusAsync(
        Journey journey, VmRecord record, MigrationConnection control, string debugInfo, CancellationToken cancel)
    {
        if (VgpuPlans.WithState(record.Devices) is not { } card)
        {
            return null;
        }

        var vgpus = await OpenAsync(journey, "vgpu", "." + card.id.device, debugInfo, [new(MigrationCookies.VgpuMigration, "")], cancel).ConfigureAwait(false);
        try
        {
            await Handshake.ExpectSuccessAsync(vgpus.Bytes, "point 1-vgpu", times.MemoryConnection, cancel).ConfigureAwait(false);
            steps.Reach(MigrationSteps.SendVgpusConnected, control, vgpus);
            await Handshake.SendSuccessAsync(control.Bytes, cancel).ConfigureAwait(false);
            return vgpus;
        }
        catch
        {
            vgpus.Dispose();
            throw;
        }
    }

    private IEnumerable<KeyValuePair<string, string>> Cookies(Journey journey, string debugInfo)
    {
        yield return new(MigrationCookies.InstanceId, instanceId);
        yield return new(MigrationCookies.FinalId, journey.Vm);
        yield return new(MigrationCookies.DebugInfo, debugInfo);
        yield return new(MigrationCookies.MemoryMigration, Daemon.Version);
        if (journey.Operation.Request.Compress)
        {
            yield return new(MigrationCookies.Compress, MigrationCookies.Zstd);
        }

        if (journey.Token is { } token)
        {
            yield return new(MigrationCookies.Token, token);
        }

        if (journey.Paused)
        {
            yield return new(MigrationCookies.Paused, "true");
        }
    }

    private IEnumerable<KeyValuePair<string, string>> MemoryCookies(string vm)
    {
        var domain = backend.GetStatus(vm) ?? throw XenopsError.DoesNotExist("domain", vm);
        yield return new(MigrationCookies.MemoryLimit, domain.MemoryLimitBytes.ToString(CultureInfo.InvariantCulture));
        yield return new(MigrationCookies.MemoryTotalSource, domain.MemoryActualBytes.ToString(CultureInfo.InvariantCulture));
    }
}

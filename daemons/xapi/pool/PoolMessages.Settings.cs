using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Reports;

namespace Toolstack.Xapi.Pool;

/// <summary>What can be set of the pool and is no more than its row.</summary>
internal sealed partial class PoolMessages
{
    private const long MaxAuthThreads = 1000;

    /// <summary>Raises VALUE_NOT_SUPPORTED [field; value; reason].</summary>
    public override Task set_local_auth_max_threads(Call call, Ref<pool> self, long value) =>
        ChangeAsync(call, self, r => r with { local_auth_max_threads = Threads("local_auth_max_threads", value) });

    /// <summary>Raises VALUE_NOT_SUPPORTED [field; value; reason].</summary>
    public override Task set_ext_auth_max_threads(Call call, Ref<pool> self, long value) =>
        ChangeAsync(call, self, r => r with { ext_auth_max_threads = Threads("ext_auth_max_threads", value) });

    public override Task set_telemetry_next_collection(Call call, Ref<pool> self, DateTimeOffset value) =>
        ChangeAsync(call, self, r => r with { telemetry_next_collection = value });

    /// <summary>A new identifier for whoever collects figures of pools.</summary>
    public override async Task reset_telemetry_uuid(Call call, Ref<pool> self)
    {
        pool row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        Ref<secret> fresh = await database.Create(new secret { uuid = Guid.NewGuid().ToString(), value = Guid.NewGuid().ToString() }, call.Cancellation).ConfigureAwait(false);
        await ChangeAsync(call, self, r => r with { telemetry_uuid = fresh }).ConfigureAwait(false);
        if (await database.Find(row.telemetry_uuid, call.Cancellation).ConfigureAwait(false) is not null)
        {
            await database.Destroy(row.telemetry_uuid, call.Cancellation).ConfigureAwait(false);
        }
    }

    public override Task<Ref<blob>> create_new_blob(Call call, Ref<pool> pool, string name, string mime_type, bool @public) => BlobStore.AddAsync(
        database, pool, name, mime_type, @public, (row, blob) => row with { blobs = row.blobs.SetItem(name, blob) }, call.Cancellation);

    /// <summary>Raises POOL_JOINING_EXTERNAL_AUTH_MISMATCH when the hosts do not agree whom they ask about accounts.</summary>
    public override async Task detect_nonhomogeneous_external_auth(Call call, Ref<pool> pool)
    {
        await database.Get(pool, call.Cancellation).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<host>, host>> hosts = await database.GetAll<host>(call.Cancellation).ConfigureAwait(false);
        if (hosts.Select(static h => (h.Value.external_auth_type, h.Value.external_auth_service_name)).Distinct().Count() > 1)
        {
            throw new XenApiError("POOL_JOINING_EXTERNAL_AUTH_MISMATCH");
        }
    }

    /// <summary>Kept for a plan of high availability, which nothing makes here. Raises VALUE_NOT_SUPPORTED [field; value; reason].</summary>
    public override Task set_ha_host_failures_to_tolerate(Call call, Ref<pool> self, long value) => ChangeAsync(call, self, r => r with
    {
        ha_host_failures_to_tolerate = value >= 0 ? value : throw NotSupported("ha_host_failures_to_tolerate", value, "the least is 0"),
    });

    /// <summary>Raises OPERATION_NOT_ALLOWED [text] when it is to be enabled: networks are bridges, which the kernel lets snoop by itself.</summary>
    public override Task set_igmp_snooping_enabled(Call call, Ref<pool> self, bool value) =>
        value ? throw WithoutSwitch() : ChangeAsync(call, self, static r => r with { igmp_snooping_enabled = false });

    /// <summary>Raises OPERATION_NOT_ALLOWED [text] for an address: there is nothing that a controller could control.</summary>
    public override async Task set_vswitch_controller(Call call, string address)
    {
        if (address.Length > 0)
        {
            throw WithoutSwitch();
        }

        Ref<pool> self = (await database.GetAll<pool>(call.Cancellation).ConfigureAwait(false))[0].Key;
        await ChangeAsync(call, self, static r => r with { vswitch_controller = "" }).ConfigureAwait(false);
    }

    private static XenApiError WithoutSwitch() => new("OPERATION_NOT_ALLOWED", "this needs Open vSwitch; the networks of this host are Linux bridges");

    private static long Threads(string field, long value) => value is >= 1 and <= MaxAuthThreads
        ? value
        : throw NotSupported(field, value, $"allowed is 1 to {MaxAuthThreads}");

    private static XenApiError NotSupported(string field, long value, string reason) =>
        new("VALUE_NOT_SUPPORTED", field, value.ToString(CultureInfo.InvariantCulture), reason);

    private async Task ChangeAsync(Call call, Ref<pool> self, Func<pool, pool> change) =>
        await database.Update(self, change, call.Cancellation).ConfigureAwait(false);
}

using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A site of provisioning servers.</summary>
[XenClass("PVS_site")]
public sealed partial record PVS_site : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string PVS_uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<Ref<PVS_cache_storage>> cache_storage { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PVS_server>> servers { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PVS_proxy>> proxies { get; init; } = [];
}

/// <summary>The explicit messages of PVS_site, with the policy of each.</summary>
[MessagesOf(typeof(PVS_site))]
public interface IPVS_siteMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task set_PVS_uuid(Call call, Ref<PVS_site> self, string value);

    [Message(Role.PoolOperator, Async = true), Raises("PVS_SITE_CONTAINS_RUNNING_PROXIES", "PVS_SITE_CONTAINS_SERVERS")]
    Task forget(Call call, Ref<PVS_site> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<PVS_site>> introduce(Call call, string name_label, string name_description, string PVS_uuid);
}

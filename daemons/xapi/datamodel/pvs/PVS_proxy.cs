using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The cache between a VIF and the provisioning servers of its site.</summary>
[XenClass("PVS_proxy")]
public sealed partial record PVS_proxy : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PVS_site.proxies")]
    public Ref<PVS_site> site { get; init; } = Ref<PVS_site>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<VIF> VIF { get; init; } = Ref<VIF>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool currently_attached { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public pvs_proxy_status status { get; init; }
}

/// <summary>The state of a proxy.</summary>
[WireType]
public enum pvs_proxy_status
{
    stopped,
    initialised,
    caching,
    incompatible_write_cache_mode,
    incompatible_protocol_version,
}

/// <summary>The explicit messages of PVS_proxy, with the policy of each.</summary>
[MessagesOf(typeof(PVS_proxy))]
public interface IPVS_proxyMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<PVS_proxy> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<PVS_proxy>> create(Call call, Ref<PVS_site> site, Ref<VIF> VIF);
}

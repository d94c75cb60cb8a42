using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Where a host keeps the cache of a site.</summary>
[XenClass("PVS_cache_storage", Constructor = true, ConstructorRole = Role.PoolOperator)]
public sealed partial record PVS_cache_storage : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<SR> SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PVS_site.cache_storage")]
    public Ref<PVS_site> site { get; init; } = Ref<PVS_site>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long size { get; init; } = 21474836480;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<VDI> VDI { get; init; } = Ref<VDI>.Null;
}

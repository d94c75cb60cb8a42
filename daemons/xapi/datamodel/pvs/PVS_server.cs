using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Provisioning servers of a site.</summary>
[XenClass("PVS_server")]
public sealed partial record PVS_server : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<string> addresses { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long first_port { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long last_port { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PVS_site.servers")]
    public Ref<PVS_site> site { get; init; } = Ref<PVS_site>.Null;
}

/// <summary>The explicit messages of PVS_server, with the policy of each.</summary>
[MessagesOf(typeof(PVS_server))]
public interface IPVS_serverMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task forget(Call call, Ref<PVS_server> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<PVS_server>> introduce(Call call, ImmutableArray<string> addresses, long first_port, long last_port, Ref<PVS_site> site);
}

using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Settings of the storage driver for thin provisioning on block devices.</summary>
[XenClass("LVHD", ExposesAll = false)]
public sealed partial record LVHD : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";
}

/// <summary>The explicit messages of LVHD, with the policy of each.</summary>
[MessagesOf(typeof(LVHD))]
public interface ILVHDMessages
{
    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> enable_thin_provisioning(Call call, Ref<host> host, Ref<SR> SR, long initial_allocation, long allocation_quantum);
}

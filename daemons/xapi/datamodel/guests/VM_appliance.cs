using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>VMs that are started and shut down together.</summary>
[XenClass("VM_appliance", Constructor = true, ConstructorRole = Role.PoolOperator)]
public sealed partial record VM_appliance : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<vm_appliance_operation> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, vm_appliance_operation> current_operations { get; init; } = ImmutableSortedDictionary<string, vm_appliance_operation>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VM>> VMs { get; init; } = [];
}

/// <summary>Operations of an appliance.</summary>
[WireType]
public enum vm_appliance_operation
{
    start,
    clean_shutdown,
    hard_shutdown,
    shutdown,
}

/// <summary>The explicit messages of VM_appliance, with the policy of each.</summary>
[MessagesOf(typeof(VM_appliance))]
public interface IVM_applianceMessages
{
    [Message(Role.ReadOnly, Async = true), Raises("VM_REQUIRES_SR")]
    Task recover(Call call, Ref<VM_appliance> self, Ref<session> session_to, bool force);

    [Message(Role.ReadOnly, Async = true)]
    Task<ImmutableArray<Ref<SR>>> get_SRs_required_for_recovery(Call call, Ref<VM_appliance> self, Ref<session> session_to);

    [Message(Role.ReadOnly, Async = true), Raises("VM_REQUIRES_SR")]
    Task assert_can_be_recovered(Call call, Ref<VM_appliance> self, Ref<session> session_to);

    [Message(Role.PoolOperator, Async = true), Locks("shutdown"), Raises("OPERATION_PARTIALLY_FAILED")]
    Task shutdown(Call call, Ref<VM_appliance> self);

    [Message(Role.PoolOperator, Async = true), Locks("hard_shutdown"), Raises("OPERATION_PARTIALLY_FAILED")]
    Task hard_shutdown(Call call, Ref<VM_appliance> self);

    [Message(Role.PoolOperator, Async = true), Locks("clean_shutdown"), Raises("OPERATION_PARTIALLY_FAILED")]
    Task clean_shutdown(Call call, Ref<VM_appliance> self);

    [Message(Role.PoolOperator, Async = true), Locks("start"), Raises("OPERATION_PARTIALLY_FAILED")]
    Task start(Call call, Ref<VM_appliance> self, bool paused);
}

namespace Toolstack.Idl;

/// <summary>Who may set a field: <c>RW</c> any client with the role, <c>StaticRO</c> the constructor only, <c>DynamicRO</c> the toolstack only.</summary>
public enum Qualifier { RW, StaticRO, DynamicRO }

/// <summary>The roles, weakest first. A message that names one is open to it and to every stronger one; <c>LocalRoot</c> means no role at all.</summary>
public enum Role { ReadOnly, ClientCert, VmOperator, VmAdmin, VmPowerAdmin, PoolOperator, PoolAdmin, LocalRoot }

/// <summary>Where a message runs. The dispatcher of the coordinator reads it; a member runs what it is sent.</summary>
public enum Where
{
    /// <summary>On the coordinator.</summary>
    Coordinator,
    /// <summary>On the host that received it, coordinator or member, without forwarding.</summary>
    Here,
    /// <summary>On the host where the VM of the first argument is resident; on the coordinator if it is Halted or Suspended.</summary>
    ResidentHost,
    /// <summary>On the host named by the argument that <see cref="RunsOnAttribute.Argument"/> names.</summary>
    ArgumentHost,
    /// <summary>On a host that placement chooses for the VM of the first argument, its memory reserved there.</summary>
    ElectedHost,
    /// <summary>On a live host that sees every SR that the VM of the first argument uses.</summary>
    AnyHostOfStorage,
    /// <summary>On the host that has the object of the argument (the first, if none is named; of a set its first item): that of its <c>host</c>
    /// field, or of the PIF it belongs to, or where its VM is resident; on the coordinator if there is none.</summary>
    ObjectHost,
    /// <summary>On a host whose PBD to the SR of the argument (the first, if none is named), or to the SR of that VDI, is attached:
    /// the coordinator for a shared SR.</summary>
    StorageHost,
}

/// <summary>Declares a XenAPI class; on the partial record that is its row.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class XenClassAttribute(string name) : Attribute
{
    public string Name { get; } = name;
    /// <summary>False for classes that only carry messages or values (event, session has rows): no table, no implicit messages.</summary>
    public bool InDatabase { get; init; } = true;
    /// <summary>Whether get_all, get_all_records and their filtered forms are on the wire.</summary>
    public bool ExposesAll { get; init; } = true;
    /// <summary>Whether clients can create and destroy rows by the implicit constructor and destructor.</summary>
    public bool Constructor { get; init; }
    /// <summary>Whether the rows outlive a restart of the daemon.</summary>
    public bool Persistent { get; init; } = true;
    /// <summary>Whether changes are reported to event.from.</summary>
    public bool Events { get; init; } = true;
    /// <summary>The least role for the implicit constructor and destructor.</summary>
    public Role ConstructorRole { get; init; } = Role.PoolAdmin;
    /// <summary>The least role for records, look-ups and lists.</summary>
    public Role Reader { get; init; } = Role.ReadOnly;
    /// <summary>No longer offered: what the class has besides its fields' accessors answers MESSAGE_REMOVED.</summary>
    public bool Removed { get; init; }
}

/// <summary>Declares a field of a class, on a property whose name is the wire's (namespaces joined by one underscore).</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class FieldAttribute(Qualifier qualifier) : Attribute
{
    public Qualifier Qualifier { get; } = qualifier;
    /// <summary>The name in the database and in queries where it differs: namespaces are joined by two underscores (<c>name__label</c>).</summary>
    public string? Column { get; init; }
    /// <summary>False: reset to empty when the daemon starts.</summary>
    public bool Persistent { get; init; } = true;
    /// <summary>Kept in the database but never shown in API records, and without messages.</summary>
    public bool Internal { get; init; }
    /// <summary>The datamodel states a default, so the field may be missing from a constructor's record.</summary>
    public bool HasDefault { get; init; }
    /// <summary>The least role that may get it.</summary>
    public Role Reader { get; init; } = Role.ReadOnly;
    /// <summary>The least role that may set it (RW fields).</summary>
    public Role Writer { get; init; } = Role.PoolOperator;
    /// <summary>Roles that may set it besides <see cref="Writer"/> and the stronger ones.</summary>
    public Role[] AlsoWriters { get; init; } = [];
    /// <summary>Keys of a map that other roles than <see cref="Writer"/> may add and remove, as <c>key:role</c>; a key may end in <c>*</c>.</summary>
    public string[] GuardedKeys { get; init; } = [];
    /// <summary>Setting it runs code of the class (an override of the setter message) rather than only writing the row.</summary>
    public bool HasEffect { get; init; }
    /// <summary>On a Ref field: <c>class.field</c> of the set at the other end, which the database keeps true.</summary>
    public string? Inverse { get; init; }
    /// <summary>On a set of Refs: <c>class.field</c> of the set at the other end of a many-to-many relation; the database keeps both alike.</summary>
    public string? Peer { get; init; }
    /// <summary>No longer offered: its accessors answer MESSAGE_REMOVED.</summary>
    public bool Removed { get; init; }
}

/// <summary>Marks the interface that declares the explicit messages of a class.</summary>
[AttributeUsage(AttributeTargets.Interface)]
public sealed class MessagesOfAttribute(Type row) : Attribute
{
    public Type Row { get; } = row;
}

/// <summary>Declares an explicit message, with the least role that may call it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class MessageAttribute(Role role) : Attribute
{
    public Role Role { get; } = role;
    /// <summary>Whether <c>Async.</c> is offered.</summary>
    public bool Async { get; init; }
    /// <summary>False for the few messages without a session parameter (login).</summary>
    public bool Session { get; init; } = true;
    /// <summary>Only sessions between the hosts of a pool may call it.</summary>
    public bool PoolInternal { get; init; }
    /// <summary>Its arguments are not logged.</summary>
    public bool Secret { get; init; }
    /// <summary>No longer offered: it answers MESSAGE_REMOVED.</summary>
    public bool Removed { get; init; }
    /// <summary>Roles open to it besides the least role and the stronger ones.</summary>
    public Role[] Also { get; init; } = [];
}

/// <summary>Policy: where the message runs. Without it: <see cref="Where.Coordinator"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RunsOnAttribute(Where where, string? argument = null) : Attribute
{
    public Where Where { get; } = where;
    public string? Argument { get; } = argument;
}

/// <summary>Policy: the operation entered in current_operations of the object named by <see cref="Argument"/> (the first argument if null) while the message runs.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class LocksAttribute(string operation, string? argument = null) : Attribute
{
    public string Operation { get; } = operation;
    public string? Argument { get; } = argument;
    /// <summary>The Ref field of that object whose object is meant instead (<c>SR</c> of a VDI).</summary>
    public string? Of { get; init; }
    /// <summary>Operations of the same object that are cancelled and waited for first.</summary>
    public string[] Cancels { get; init; } = [];
}

/// <summary>Policy: memory for the VM of the first argument is reserved on the host that the named argument names while the message runs,
/// and <see cref="HostOperation"/> is entered in that host's current_operations.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ReservesAttribute(string argument, string hostOperation) : Attribute
{
    public string Argument { get; } = argument;
    public string HostOperation { get; } = hostOperation;
}

/// <summary>Error codes that the message declares.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RaisesAttribute(params string[] codes) : Attribute
{
    public string[] Codes { get; } = codes;
}

/// <summary>The wire's name where C# cannot spell it (enum values with hyphens, parameters).</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Class | AttributeTargets.Method)]
public sealed class WireNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>Declares a record of a queue interface (xenops): a struct whose member names are its property names.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Enum)]
public sealed class WireTypeAttribute : Attribute;

/// <summary>Declares a closed set of cases: nested records of an abstract record. <c>"Tag"</c> without argument, <c>["Tag", x]</c> with one, <c>["Tag", [a, b]]</c> with several.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class WireVariantAttribute : Attribute;

/// <summary>The case of a <see cref="WireVariantAttribute"/> type that stands for whatever a peer of another version sends and this one does not know. It has one
/// member, a string that holds what came and does not go on the wire.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class WireUnknownAttribute : Attribute;

/// <summary>Declares a queue interface; each method is one wire method, its parameters are named.</summary>
[AttributeUsage(AttributeTargets.Interface)]
public sealed class QueueInterfaceAttribute(string name) : Attribute
{
    public string Name { get; } = name;
    /// <summary>The exception that carries the interface's declared errors: one constructor parameter and one property of a <see cref="WireVariantAttribute"/> type.</summary>
    public Type? Error { get; init; }
}

/// <summary>The method changes nothing when it runs twice, so a request may be sent again after a broken connection.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RetrySafeAttribute : Attribute;

/// <summary>The type as the description writes it, where C#'s type (<see cref="Value"/>, <see cref="MessageResult"/>) does not say it; on a method: of its result.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Method)]
public sealed class TypeTextAttribute(string text) : Attribute
{
    public string Text { get; } = text;
}

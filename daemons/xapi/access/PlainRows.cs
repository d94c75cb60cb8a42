using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Access;

/// <summary>Class secret: rows that clients make and remove as they like.</summary>
internal sealed class SecretRows : IRowConstructor<secret>;

/// <summary>Class user: rows that clients make and remove as they like.</summary>
internal sealed class UserRows : IRowConstructor<user>;

/// <summary>Class console: rows that clients make and remove as they like; those of running VMs come from their hosts.</summary>
internal sealed class ConsoleRows : IRowConstructor<console>;

/// <summary>Class VM_group: rows that clients make and remove as they like.</summary>
internal sealed class VmGroupRows : IRowConstructor<VM_group>;

/// <summary>Class VM_appliance: rows that clients make and remove as they like.</summary>
internal sealed class ApplianceRows : VM_applianceMessages, IRowConstructor<VM_appliance>;

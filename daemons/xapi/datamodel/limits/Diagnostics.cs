using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Figures of the toolstack's own process; no rows, and no messages that are known of yet.</summary>
[XenClass("Diagnostics", InDatabase = false, ExposesAll = false, Persistent = false, Events = false)]
public sealed partial record Diagnostics : XenObject;

namespace Toolstack.Xapi.Datamodel;

// Classes that others refer to and that are not declared yet: a reference needs only their name.

/// <summary>Marks references to Certificate.</summary>
public sealed class Certificate;

/// <summary>Marks references to Feature.</summary>
public sealed class Feature;

/// <summary>Marks references to GPU_group.</summary>
public sealed class GPU_group;

/// <summary>Marks references to PBD.</summary>
public sealed class PBD;

/// <summary>Marks references to PCI.</summary>
public sealed class PCI;

/// <summary>Marks references to PGPU.</summary>
public sealed class PGPU;

/// <summary>Marks references to PIF.</summary>
public sealed class PIF;

/// <summary>Marks references to PUSB.</summary>
public sealed class PUSB;

/// <summary>Marks references to Repository.</summary>
public sealed class Repository;

/// <summary>Marks references to SR.</summary>
public sealed class SR;

/// <summary>Marks references to VBD.</summary>
public sealed class VBD;

/// <summary>Marks references to VDI.</summary>
public sealed class VDI;

/// <summary>Marks references to VGPU.</summary>
public sealed class VGPU;

/// <summary>Marks references to VIF.</summary>
public sealed class VIF;

/// <summary>Marks references to VMPP.</summary>
public sealed class VMPP;

/// <summary>Marks references to VMSS.</summary>
public sealed class VMSS;

/// <summary>Marks references to VM_appliance.</summary>
public sealed class VM_appliance;

/// <summary>Marks references to VM_guest_metrics.</summary>
public sealed class VM_guest_metrics;

/// <summary>Marks references to VTPM.</summary>
public sealed class VTPM;

/// <summary>Marks references to VUSB.</summary>
public sealed class VUSB;

/// <summary>Marks references to blob.</summary>
public sealed class blob;

/// <summary>Marks references to console.</summary>
public sealed class console;

/// <summary>Marks references to crashdump.</summary>
public sealed class crashdump;

/// <summary>Marks references to host_cpu.</summary>
public sealed class host_cpu;

/// <summary>Marks references to host_crashdump.</summary>
public sealed class host_crashdump;

/// <summary>Marks references to host_patch.</summary>
public sealed class host_patch;

/// <summary>Marks references to network.</summary>
public sealed class network;

/// <summary>Marks references to pool_update.</summary>
public sealed class pool_update;

/// <summary>Marks references to secret.</summary>
public sealed class secret;

/// <summary>Marks references to subject.</summary>
public sealed class subject;

/// <summary>Marks references to user.</summary>
public sealed class user;

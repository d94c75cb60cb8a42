using Toolstack.Interop.Xen.Abi;

namespace Toolstack.Tests.InteropXen;

/// <summary>A structure of C's headers and the type of ours that stands for it; fields as pairs of C's name and ours.</summary>
internal sealed record AbiRow(string Structure, Type Ours, params (string Theirs, string Ours)[] Fields)
{
    /// <summary>Ours may be shorter than the union member it stands for, or longer than what C calls the structure.</summary>
    public bool SizeDiffers { get; init; }
}

/// <summary>Every table of the interface to Xen, by the names of Xen's public headers.</summary>
internal static class AbiTable
{
    /// <summary>What is the same in all versions known.</summary>
    public static readonly AbiRow[] Common =
    [
        new("struct privcmd_hypercall", typeof(PrivcmdHypercall), ("op", "Number"), ("arg", "Argument0")),
        new("struct privcmd_mmapbatch_v2", typeof(PrivcmdMmapBatchV2),
            ("num", "Count"), ("dom", "Domain"), ("addr", "Address"), ("arr", "Frames"), ("err", "Errors")),
        new("struct privcmd_mmap_resource", typeof(PrivcmdMmapResource),
            ("dom", "Domain"), ("type", "Type"), ("id", "Id"), ("idx", "Index"), ("num", "Count"), ("addr", "Address")),
        new("struct xen_domctl", typeof(Domctl), ("cmd", "Command"), ("interface_version", "InterfaceVersion"), ("domain", "Domain"), ("u", "Info")),
        new("struct xen_sysctl", typeof(Sysctl), ("cmd", "Command"), ("interface_version", "InterfaceVersion"), ("u", "PhysInfo")),
        new("struct xen_domctl_getdomaininfo", typeof(DomainInfoLayout),
            ("domain", "Domain"), ("flags", "Flags"), ("tot_pages", "TotalPages"), ("max_pages", "MaxPages"), ("shared_info_frame", "SharedInfoFrame"),
            ("cpu_time", "CpuTime"), ("nr_online_vcpus", "OnlineVcpus"), ("max_vcpu_id", "MaxVcpuId"), ("handle", "Handle"), ("cpupool", "CpuPool"),
            ("gpaddr_bits", "GpaddrBits"), ("arch_config", "EmulationFlags")),
        new("struct xen_sysctl_physinfo", typeof(PhysInfoLayout),
            ("threads_per_core", "ThreadsPerCore"), ("nr_cpus", "Cpus"), ("cpu_khz", "CpuKhz"), ("capabilities", "Capabilities"),
            ("total_pages", "TotalPages"), ("free_pages", "FreePages"), ("outstanding_pages", "OutstandingPages"), ("max_mfn", "MaxFrame")) { SizeDiffers = true },
        new("struct xen_sysctl_getdomaininfolist", typeof(DomainInfoListLayout),
            ("first_domain", "First"), ("max_domains", "Max"), ("buffer", "Buffer"), ("num_domains", "Count")),
        new("struct xen_sysctl_readconsole", typeof(ReadConsoleLayout),
            ("clear", "Clear"), ("incremental", "Incremental"), ("index", "Index"), ("buffer", "Buffer"), ("count", "Count")),
        new("struct xen_sysctl_debug_keys", typeof(DebugKeysLayout), ("keys", "Keys"), ("nr_keys", "Count")),
        new("struct xen_sysctl_cpu_featureset", typeof(CpuFeatureSetLayout), ("index", "Index"), ("nr_features", "Count"), ("features", "Features")),
        new("struct xen_sysctl_cpu_policy", typeof(SystemCpuPolicyOp),
            ("index", "Index"), ("nr_leaves", "LeafCount"), ("nr_msrs", "MsrCount"), ("leaves", "Leaves"), ("msrs", "Msrs")),
        new("struct xen_domctl_shadow_op", typeof(ShadowOp),
            ("op", "Operation"), ("mode", "Mode"), ("mb", "Megabytes"), ("dirty_bitmap", "DirtyBitmap"), ("pages", "Pages"),
            ("stats.fault_count", "FaultCount"), ("stats.dirty_count", "DirtyCount")),
        new("struct xen_domctl_getpageframeinfo3", typeof(PageFrameInfo), ("num", "Count"), ("array", "Array")),
        new("struct xen_domctl_hvmcontext", typeof(HvmContextOp), ("size", "Size"), ("buffer", "Buffer")),
        new("struct xen_domctl_vcpucontext", typeof(VcpuContextOp), ("vcpu", "Vcpu"), ("ctxt", "Context")),
        new("struct xen_domctl_getvcpuinfo", typeof(VcpuInfoOp),
            ("vcpu", "Vcpu"), ("online", "Online"), ("blocked", "Blocked"), ("running", "Running"), ("cpu_time", "CpuTime"), ("cpu", "Cpu")),
        new("struct xen_domctl_ext_vcpucontext", typeof(VcpuExtendedOp), ("vcpu", "Vcpu"), ("size", "Size")),
        new("struct xen_domctl_vcpuextstate", typeof(VcpuExtendedStateOp),
            ("vcpu", "Vcpu"), ("xfeature_mask", "FeatureMask"), ("size", "Size"), ("buffer", "Buffer")),
        new("struct xen_domctl_vcpu_msrs", typeof(VcpuMsrsOp), ("vcpu", "Vcpu"), ("msr_count", "Count"), ("msrs", "Buffer")),
        new("struct xen_domctl_tsc_info", typeof(TscInfoOp),
            ("tsc_mode", "Mode"), ("gtsc_khz", "Khz"), ("incarnation", "Incarnation"), ("elapsed_nsec", "ElapsedNanoseconds")),
        new("struct xen_domctl_cpu_policy", typeof(CpuPolicyOp),
            ("nr_leaves", "LeafCount"), ("nr_msrs", "MsrCount"), ("leaves", "Leaves"), ("msrs", "Msrs"), ("err_leaf", "ErrorLeaf"),
            ("err_subleaf", "ErrorSubleaf"), ("err_msr", "ErrorMsr")),
        new("struct xen_domctl_address_size", typeof(AddressSizeOp), ("size", "Bits")),
        new("struct xen_domctl_vcpuaffinity", typeof(AffinityLayout), ("vcpu", "Vcpu"), ("flags", "Flags"), ("cpumap_hard", "Hard"), ("cpumap_soft", "Soft")),
        new("struct xenctl_bitmap", typeof(BitmapLayout), ("bitmap", "Address"), ("nr_bits", "Bits")),
        new("struct xen_domctl_scheduler_op", typeof(SchedulingLayout),
            ("sched_id", "Scheduler"), ("cmd", "Operation"), ("u.credit2.weight", "Weight"), ("u.credit2.cap", "Cap")),
        new("struct xen_domctl_assign_device", typeof(DeviceAssignmentLayout), ("dev", "Kind"), ("flags", "Flags"), ("u", "Address")),
        new("struct evtchn_alloc_unbound", typeof(AllocateUnboundLayout), ("dom", "Domain"), ("remote_dom", "Remote"), ("port", "Port")),
        new("struct sched_remote_shutdown", typeof(RemoteShutdownLayout), ("domain_id", "Domain"), ("reason", "Reason")),
        new("struct xen_memory_reservation", typeof(MemoryReservation),
            ("extent_start", "ExtentStart"), ("nr_extents", "ExtentCount"), ("extent_order", "Order"), ("mem_flags", "Flags"), ("domid", "Domain")),
        new("struct xen_machphys_mfn_list", typeof(MachineToPhysicalList),
            ("max_extents", "MaxExtents"), ("extent_start", "ExtentStart"), ("nr_extents", "ExtentCount")),
        new("struct mmuext_op", typeof(MmuExtOp), ("cmd", "Command"), ("arg1.mfn", "Frame"), ("arg2", "Argument")),
        new("struct xen_hvm_param", typeof(HvmParamOp), ("domid", "Domain"), ("index", "Index"), ("value", "Value")),
        new("struct vcpu_guest_context", typeof(VcpuGuestContext),
            ("flags", "Flags"), ("user_regs.rax", "Rax"), ("user_regs.rdx", "Rdx"), ("gdt_frames", "gdtFrames"), ("gdt_ents", "GdtEntries"),
            ("ctrlreg", "controlRegisters")),
        new("struct shared_info", typeof(SharedInfo),
            ("arch.max_pfn", "MaxPfn"), ("arch.pfn_to_mfn_frame_list_list", "FrameListList"), ("arch.p2m_cr3", "P2mCr3"),
            ("arch.p2m_vaddr", "P2mAddress"), ("arch.p2m_generation", "P2mGeneration")),
        new("struct start_info", typeof(StartInfo),
            ("nr_pages", "Pages"), ("shared_info", "SharedInfoAddress"), ("flags", "Flags"), ("store_mfn", "StoreFrame"),
            ("store_evtchn", "StorePort"), ("console.domU.mfn", "ConsoleFrame"), ("console.domU.evtchn", "ConsolePort")),
        new("struct grant_entry_v1", typeof(GrantEntry), ("flags", "Flags"), ("domid", "Domain"), ("frame", "Frame")),
    ];

    public static readonly AbiRow CreateOf417 = new("struct xen_domctl_createdomain", typeof(CreateDomainLayout),
        ("ssidref", "SecurityLabel"), ("handle", "Handle"), ("flags", "Flags"), ("iommu_opts", "IommuOptions"), ("max_vcpus", "MaxVcpus"),
        ("max_evtchn_port", "MaxEventChannelPort"), ("max_grant_frames", "MaxGrantFrames"), ("max_maptrack_frames", "MaxMapTrackFrames"),
        ("grant_opts", "GrantVersion"), ("vmtrace_size", "TraceSize"), ("cpupool_id", "CpuPool"),
        ("arch.emulation_flags", "EmulationFlags"), ("arch.misc_flags", "MiscFlags"));

    public static readonly AbiRow CreateOf420 = new("struct xen_domctl_createdomain", typeof(CreateDomainLayoutOf420),
        ("altp2m", "AlternativeTables"), ("vmtrace_size", "TraceSize"), ("cpupool_id", "CpuPool"),
        ("arch.emulation_flags", "EmulationFlags"), ("arch.misc_flags", "MiscFlags"));

    /// <summary>Offsets that stand in <see cref="SharedInfo"/> as numbers, because whole parts are copied by them.</summary>
    public static readonly (string Expression, int Value)[] SharedParts =
    [
        ("offsetof(struct shared_info, arch)", SharedInfo.Arch),
        ("sizeof(struct arch_shared_info)", SharedInfo.ArchBytes),
        ("offsetof(struct shared_info, evtchn_pending)", SharedInfo.EventPending),
        ("offsetof(struct shared_info, evtchn_mask)", SharedInfo.EventMask),
        ("sizeof(((struct shared_info *)0)->evtchn_mask)", SharedInfo.EventBytes),
        ("sizeof(struct vcpu_info)", SharedInfo.VcpuInfoBytes),
        ("offsetof(struct vcpu_info, evtchn_pending_sel)", SharedInfo.PendingSelector),
        ("sizeof(((struct shared_info *)0)->vcpu_info) / sizeof(struct vcpu_info)", SharedInfo.Vcpus),
    ];

    /// <summary>Numbers of commands and flags, by their names in the headers.</summary>
    public static readonly (string Expression, ulong Value)[] Numbers =
    [
        ("XEN_DOMCTL_createdomain", CreateDomainLayout.Command),
        ("XEN_DOMCTL_destroydomain", DomctlCommands.DestroyDomain),
        ("XEN_DOMCTL_getdomaininfo", DomctlCommands.GetDomainInfo),
        ("XEN_DOMCTL_shadow_op", ShadowOp.Command),
        ("XEN_DOMCTL_SHADOW_OP_OFF", ShadowOp.Off),
        ("XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY", ShadowOp.EnableLogDirty),
        ("XEN_DOMCTL_SHADOW_OP_CLEAN", ShadowOp.Clean),
        ("XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL", ShadowOp.Final),
        ("XEN_DOMCTL_getpageframeinfo3", PageFrameInfo.Command),
        ("XEN_DOMCTL_gethvmcontext", HvmContextOp.Get),
        ("XEN_DOMCTL_sethvmcontext", HvmContextOp.Set),
        ("XEN_DOMCTL_getvcpucontext", VcpuContextOp.Get),
        ("XEN_DOMCTL_setvcpucontext", VcpuContextOp.Set),
        ("XEN_DOMCTL_getvcpuinfo", VcpuInfoOp.Command),
        ("XEN_DOMCTL_get_ext_vcpucontext", VcpuExtendedOp.Get),
        ("XEN_DOMCTL_set_ext_vcpucontext", VcpuExtendedOp.Set),
        ("XEN_DOMCTL_getvcpuextstate", VcpuExtendedStateOp.Get),
        ("XEN_DOMCTL_setvcpuextstate", VcpuExtendedStateOp.Set),
        ("XEN_DOMCTL_get_vcpu_msrs", VcpuMsrsOp.Get),
        ("XEN_DOMCTL_set_vcpu_msrs", VcpuMsrsOp.Set),
        ("XEN_DOMCTL_gettscinfo", TscInfoOp.Get),
        ("XEN_DOMCTL_settscinfo", TscInfoOp.Set),
        ("XEN_DOMCTL_get_cpu_policy", CpuPolicyOp.Get),
        ("XEN_DOMCTL_set_cpu_policy", CpuPolicyOp.Set),
        ("XEN_DOMCTL_get_address_size", AddressSizeOp.Get),
        ("XEN_DOMCTL_setvcpuaffinity", AffinityLayout.SetCommand),
        ("XEN_DOMCTL_scheduler_op", SchedulingLayout.Command),
        ("XEN_DOMCTL_max_mem", SettingCommands.MaxMemory),
        ("XEN_DOMCTL_max_vcpus", SettingCommands.MaxVcpus),
        ("XEN_DOMCTL_setdomainhandle", SettingCommands.SetHandle),
        ("XEN_DOMCTL_resumedomain", SettingCommands.ResumeDomain),
        ("XEN_DOMCTL_set_paging_mempool_size", SettingCommands.SetPagingPool),
        ("XEN_DOMCTL_assign_device", DeviceAssignmentLayout.AssignCommand),
        ("XEN_SYSCTL_physinfo", SysctlCommands.PhysInfo),
        ("XEN_SYSCTL_getdomaininfolist", SysctlCommands.GetDomainInfoList),
        ("XEN_SYSCTL_get_cpu_policy", SystemCpuPolicyOp.Command),
        ("XEN_SYSCTL_cpu_policy_host", SystemCpuPolicyOp.Host),
        ("XENMEM_decrease_reservation", MemoryCommands.DecreaseReservation),
        ("XENMEM_maximum_ram_page", MemoryCommands.MaximumRamPage),
        ("XENMEM_machphys_mfn_list", MemoryCommands.MachineToPhysicalList),
        ("XENMEM_populate_physmap", MemoryCommands.PopulatePhysmap),
        ("XENMEM_maximum_gpfn", MemoryCommands.MaximumGpfn),
        ("MMUEXT_PIN_L1_TABLE", MmuExtOp.PinL1),
        ("HVMOP_set_param", HvmParamOp.Set),
        ("HVMOP_get_param", HvmParamOp.Get),
        ("VGCF_online", VcpuGuestContext.Online),
        ("GTF_permit_access", GrantEntry.PermitAccess),
        ("GNTTAB_RESERVED_CONSOLE", GrantEntry.Console),
        ("GNTTAB_RESERVED_XENSTORE", GrantEntry.Xenstore),
        ("__HYPERVISOR_memory_op", HypercallNumbers.MemoryOp),
        ("__HYPERVISOR_mmuext_op", HypercallNumbers.MmuExtOp),
        ("__HYPERVISOR_hvm_op", HypercallNumbers.HvmOp),
        ("__HYPERVISOR_domctl", HypercallNumbers.Domctl),
        ("__HYPERVISOR_sysctl", HypercallNumbers.Sysctl),
    ];
}

/* Layouts of the interface of Xen after 4.17 (domctl 0x18, sysctl 0x16), as far as our tables use it. Handles are 8 bytes. */
typedef uint64_t handle64 __attribute__((aligned(8)));
typedef uint64_t u64a __attribute__((aligned(8)));

struct privcmd_hypercall { uint64_t op; uint64_t arg[5]; };
struct privcmd_mmapbatch_v2 { uint32_t num; uint16_t dom; uint64_t addr; const uint64_t *arr; int *err; };
struct privcmd_mmap_resource { uint16_t dom; uint32_t type, id, idx; uint64_t num, addr; };
struct xen_domctl { uint32_t cmd, interface_version; uint16_t domain; uint16_t pad[3]; union { uint8_t bytes[128]; u64a align; } u; };
struct xen_sysctl { uint32_t cmd, interface_version; union { uint8_t bytes[128]; u64a align; } u; };

struct xen_arch_domainconfig { uint32_t emulation_flags, misc_flags; };
struct xen_domctl_createdomain {
    uint32_t ssidref; uint8_t handle[16]; uint32_t flags, iommu_opts, max_vcpus, max_evtchn_port; int32_t max_grant_frames, max_maptrack_frames;
    uint32_t grant_opts; struct { uint16_t opts, nr; } altp2m; uint32_t vmtrace_size, cpupool_id; struct xen_arch_domainconfig arch;
};
struct xen_domctl_getdomaininfo {
    uint16_t domain, pad1; uint32_t flags; u64a tot_pages, max_pages, outstanding_pages, shr_pages, paged_pages, shared_info_frame, cpu_time;
    uint32_t nr_online_vcpus, max_vcpu_id, ssidref; uint8_t handle[16]; uint32_t cpupool; uint8_t gpaddr_bits, pad2[7];
    struct xen_arch_domainconfig arch_config;
};
struct xen_sysctl_physinfo {
    uint32_t threads_per_core, cores_per_socket, nr_cpus, max_cpu_id, nr_nodes, max_node_id, cpu_khz, capabilities, arch_capabilities, pad;
    u64a total_pages, free_pages, scrub_pages, outstanding_pages, max_mfn; uint32_t hw_cap[8];
};
struct xen_sysctl_getdomaininfolist { uint16_t first_domain; uint32_t max_domains; handle64 buffer; uint32_t num_domains; };
struct xen_sysctl_readconsole { uint8_t clear, incremental; uint16_t pad; uint32_t index; handle64 buffer; uint32_t count; };
struct xen_sysctl_debug_keys { handle64 keys; uint32_t nr_keys; };
struct xen_sysctl_cpu_featureset { uint32_t index, nr_features; handle64 features; };
struct xen_sysctl_cpu_policy { uint32_t index, nr_leaves, nr_msrs, pad; handle64 leaves, msrs; };

struct xen_domctl_shadow_op { uint32_t op, mode, mb; handle64 dirty_bitmap; u64a pages; struct { uint32_t fault_count, dirty_count; } stats; };
struct xen_domctl_getpageframeinfo3 { u64a num; handle64 array; };
struct xen_domctl_hvmcontext { uint32_t size; handle64 buffer; };
struct xen_domctl_vcpucontext { uint32_t vcpu; handle64 ctxt; };
struct xen_domctl_getvcpuinfo { uint32_t vcpu; uint8_t online, blocked, running; u64a cpu_time; uint32_t cpu; };
struct xen_domctl_ext_vcpucontext { uint32_t vcpu, size; uint8_t rest[56]; };
struct xen_domctl_vcpuextstate { uint32_t vcpu; u64a xfeature_mask, size; handle64 buffer; };
struct xen_domctl_vcpu_msrs { uint32_t vcpu, msr_count; handle64 msrs; };
struct xen_domctl_tsc_info { uint32_t tsc_mode, gtsc_khz, incarnation, pad; u64a elapsed_nsec; };
struct xen_domctl_cpu_policy { uint32_t nr_leaves, nr_msrs; handle64 leaves, msrs; uint32_t err_leaf, err_subleaf, err_msr; };
struct xen_domctl_address_size { uint32_t size; };
struct xenctl_bitmap { handle64 bitmap; uint32_t nr_bits; };
struct xen_domctl_vcpuaffinity { uint32_t vcpu, flags; struct xenctl_bitmap cpumap_hard, cpumap_soft; };
struct xen_domctl_scheduler_op { uint32_t sched_id, cmd; union { struct { uint16_t weight, cap; } credit2; struct { handle64 vcpus; uint32_t nr, pad; } v; } u; };
struct xen_domctl_assign_device { uint32_t dev, flags; union { uint32_t sbdf; struct { uint32_t size; handle64 path; } dt; } u; };

struct xen_domctl_subscribe { uint32_t port; };
struct evtchn_alloc_unbound { uint16_t dom, remote_dom; uint32_t port; };
struct sched_remote_shutdown { uint16_t domain_id; uint32_t reason; };
struct xen_memory_reservation { handle64 extent_start; uint64_t nr_extents; uint32_t extent_order, mem_flags; uint16_t domid; };
struct xen_machphys_mfn_list { uint32_t max_extents; handle64 extent_start; uint32_t nr_extents; };
struct mmuext_op { uint32_t cmd; union { uint64_t mfn; } arg1; union { uint32_t nr_ents; uint64_t src_mfn; } arg2; };
struct xen_hvm_param { uint16_t domid, pad; uint32_t index; uint64_t value; };

struct vcpu_guest_context {
    uint8_t fpu[512]; uint64_t flags;
    struct { uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi; uint32_t error, entry; uint64_t rest[9]; } user_regs;
    struct { uint8_t bytes[16]; } trap_ctxt[256]; uint64_t ldt_base, ldt_ents, gdt_frames[16], gdt_ents, kernel_ss, kernel_sp, ctrlreg[8], debugreg[8];
    uint64_t event_callback_eip, failsafe_callback_eip, syscall_callback_eip, vm_assist, fs_base, gs_base_kernel, gs_base_user;
};
struct vcpu_info { uint8_t evtchn_upcall_pending, evtchn_upcall_mask, pad[6]; uint64_t evtchn_pending_sel; uint8_t arch[16], time[32]; };
struct arch_shared_info { uint64_t max_pfn, pfn_to_mfn_frame_list_list, nmi_reason, p2m_cr3, p2m_vaddr, p2m_generation; };
struct shared_info {
    struct vcpu_info vcpu_info[32]; uint64_t evtchn_pending[64], evtchn_mask[64]; uint32_t wc_version, wc_sec, wc_nsec, wc_sec_hi; struct arch_shared_info arch;
};
struct start_info {
    char magic[32]; uint64_t nr_pages, shared_info; uint32_t flags; uint64_t store_mfn; uint32_t store_evtchn;
    union { struct { uint64_t mfn; uint32_t evtchn; } domU; } console; uint64_t pt_base, nr_pt_frames, mfn_list, mod_start, mod_len;
    int8_t cmd_line[1024]; uint64_t first_p2m_pfn, nr_p2m_frames;
};
struct grant_entry_v1 { uint16_t flags, domid; uint32_t frame; };

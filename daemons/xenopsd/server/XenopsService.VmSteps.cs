using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

/// <summary>Single steps and settings of VMs.</summary>
public sealed partial class XenopsService
{
    public Task<string> VmCreate(string debug_info, string id, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_create(id, MemoryLimit: null, FinalId: null), needsDomain: false);

    public Task<string> VmBuild(string debug_info, string id, bool force, CancellationToken cancel) => Queue(debug_info, new Atomic.VM_build(id, force));

    public Task<string> VmCreateDeviceModel(string debug_info, string id, bool save_state, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_create_device_model(id, save_state));

    public Task<string> VmDestroy(string debug_info, string id, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_destroy(id), needsDomain: false);

    public Task<string> VmDelay(string debug_info, string id, double delay, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_delay(id, Seconds(delay) ?? TimeSpan.Zero), needsDomain: false);

    public Task<string> VmRunScript(string debug_info, string id, string script, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_run_script(id, script));

    public Task<string> VmFastResume(string debug_info, string id, CancellationToken cancel) => Queue(debug_info, new Atomic.VM_fast_resume(id));

    public Task<string> VmS3Suspend(string debug_info, string id, CancellationToken cancel) => Queue(debug_info, new Atomic.VM_s3suspend(id));

    public Task<string> VmS3Resume(string debug_info, string id, CancellationToken cancel) => Queue(debug_info, new Atomic.VM_s3resume(id));

    public Task<string> VmRequestRdp(string debug_info, string id, bool enabled, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_request_rdp(id, enabled));

    public Task<string> VmSetXsdata(string debug_info, string id, ImmutableSortedDictionary<string, string> xsdata, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_set_xsdata(id, xsdata), needsDomain: false);

    public Task<string> VmSetVcpus(string debug_info, string id, long vcpus, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_set_vcpus(id, vcpus), needsDomain: false);

    public Task<string> VmSetShadowMultiplier(string debug_info, string id, double multiplier, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_set_shadow_multiplier(id, multiplier));

    public Task<string> VmSetMemoryDynamicRange(string debug_info, string id, long minimum, long maximum, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VM_set_memory_dynamic_range(id, minimum, maximum), needsDomain: false);
}

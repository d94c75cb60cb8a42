using System.Collections.Immutable;
using System.Security.Cryptography;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.XenSimulator.Host;

/// <summary>A domain's shares of graphics cards. Each holds something that no other does, as a frame buffer would, which travels with the guest. Not safe for
/// threads: its domain's lock is the caller's.</summary>
internal sealed class GraphicsShares
{
    private const int StateBytes = 256;

    /// <summary>By device; null while the state has not come.</summary>
    private readonly SortedDictionary<string, string?> states = new(StringComparer.Ordinal);

    /// <summary>Whether one of them cannot work yet.</summary>
    public bool Waiting => states.ContainsValue(null);

    public void Start(string device, bool saved)
    {
        if (states.Count == HostLimits.MaxGraphicsShares || !states.TryAdd(device, saved ? null : RandomNumberGenerator.GetHexString(StateBytes * 2, lowercase: true)))
        {
            throw new HypercallError(LibC.EINVAL, $"vgpu {device} has been started, or {nameof(HostLimits.MaxGraphicsShares)} others have");
        }
    }

    public void Restore(VgpuInfo vgpu)
    {
        if (!states.TryGetValue(vgpu.device, out var held) || held is not null)
        {
            throw new HypercallError(LibC.EINVAL, $"vgpu {vgpu.device} does not wait for its state");
        }

        states[vgpu.device] = vgpu.state;
    }

    public ImmutableArray<VgpuInfo> List() => [.. states.Select(static s => new VgpuInfo { device = s.Key, state = s.Value ?? "" })];
}

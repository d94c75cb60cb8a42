using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>What xenopsd was told of each VM last, as digests: telling it the same again would be work for nothing. Devices do not count, since whoever
/// attaches or detaches one tells xenopsd itself.</summary>
internal sealed class PushedMetadata
{
    /// <summary>How many more than wanted are kept.</summary>
    private const int MaxSurplus = 64;

    private readonly ConcurrentDictionary<string, string> digests = new(StringComparer.Ordinal);

    public void Note(Vm vm) => digests[vm.id] = Digest(vm);

    public bool Knows(Vm vm) => digests.TryGetValue(vm.id, out string? known) && known == Digest(vm);

    /// <summary>Whether there are many more than this many VMs, so that those that are not needed are to be forgotten.</summary>
    public bool HasSurplus(int wanted) => digests.Count > wanted + MaxSurplus;

    /// <summary>Keeps those of <paramref name="wanted"/>, which are uuids.</summary>
    public void Prune(IReadOnlySet<string> wanted)
    {
        foreach (string uuid in digests.Keys.Where(uuid => !wanted.Contains(uuid)))
        {
            digests.TryRemove(uuid, out _);
        }
    }

    private static string Digest(Vm vm) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(JsonValueWriter.Text(w => VmCodec.Write(w, vm)))));
}

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
    /// <summary>Beyond this many more than wanted, the rest is forgotten.</summary>
    private const int MaxSurplus = 64;

    private readonly ConcurrentDictionary<string, string> digests = new(StringComparer.Ordinal);

    public void Note(Vm vm) => digests[vm.id] = Digest(vm);

    public bool Knows(Vm vm) => digests.TryGetValue(vm.id, out string? known) && known == Digest(vm);

    /// <summary>Keeps those of <paramref name="wanted"/>, which are uuids, and few others.</summary>
    public void Prune(IReadOnlySet<string> wanted)
    {
        if (digests.Count <= wanted.Count + MaxSurplus)
        {
            return;
        }

        foreach (string uuid in digests.Keys.Where(uuid => !wanted.Contains(uuid)))
        {
            digests.TryRemove(uuid, out _);
        }
    }

    private static string Digest(Vm vm) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(JsonValueWriter.Text(w => VmCodec.Write(w, vm)))));
}

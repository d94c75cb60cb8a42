using System.Globalization;
using System.Text;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;

namespace Toolstack.Interop.Xen;

/// <summary>Words of Xen's CPU features, eight hexadecimal digits each, joined by dashes: what the host has, what guests of either kind
/// may have at most, and what they get when nobody asks.</summary>
public sealed record XenFeatures(string Host, string PvMax, string HvmMax, string PvDefault, string HvmDefault);

/// <summary>What there is to know of the machine beyond its size.</summary>
public sealed unsafe partial class XenHost
{
    private const int MaxFeatureWords = 256;
    private const int MaxDebugKeys = 64;

    /// <summary>Far above any console ring: where reading it ends even if Xen writes as fast as it is read.</summary>
    private const int MaxConsole = 4 << 20;

    /// <summary>Empty words for a kind of guest that this Xen cannot run.</summary>
    public XenFeatures Features() => new(
        FeatureSet(CpuFeatureSetLayout.Host),
        FeatureSet(CpuFeatureSetLayout.PvMax),
        FeatureSet(CpuFeatureSetLayout.HvmMax),
        FeatureSet(CpuFeatureSetLayout.PvDefault),
        FeatureSet(CpuFeatureSetLayout.HvmDefault));

    /// <summary>What Xen's console ring holds, oldest first.</summary>
    public string ReadConsole()
    {
        const int size = (ArenaPages - 1) * PageSize;
        var text = new StringBuilder();
        uint index = 0;
        lock (gate)
        {
            while (text.Length < MaxConsole)
            {
                var call = arena.Zeroed<Sysctl>();
                call->Command = ReadConsoleLayout.Command;
                call->InterfaceVersion = versions.Sysctl;
                var argument = (ReadConsoleLayout*)((byte*)call + sizeof(ulong));
                *argument = new ReadConsoleLayout { Incremental = 1, Index = index, Buffer = (ulong)arena.Bytes(ListOffset, size), Count = size };
                privcmd.Call("sysctl readconsole", HypercallNumbers.Sysctl, (ulong)call);
                int count = (int)Math.Min(argument->Count, size);
                if (count == 0)
                {
                    break;
                }

                text.Append(Encoding.UTF8.GetString(new ReadOnlySpan<byte>(arena.Bytes(ListOffset, count), count)));
                index = argument->Index;
            }
        }

        return text.ToString();
    }

    /// <summary>Types characters on Xen's console. EINVAL for more than 64, or any that is not ASCII.</summary>
    public void SendDebugKeys(string keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.Length > MaxDebugKeys || !Ascii.IsValid(keys))
        {
            throw new HypervisorError("sysctl debug_keys", LibC.EINVAL);
        }

        lock (gate)
        {
            var call = arena.Zeroed<Sysctl>();
            call->Command = DebugKeysLayout.Command;
            call->InterfaceVersion = versions.Sysctl;
            var text = arena.Bytes(ListOffset, MaxDebugKeys);
            int length = Encoding.ASCII.GetBytes(keys, new Span<byte>(text, MaxDebugKeys));
            *(DebugKeysLayout*)((byte*)call + sizeof(ulong)) = new DebugKeysLayout { Keys = (ulong)text, Count = (uint)length };
            privcmd.Call("sysctl debug_keys", HypercallNumbers.Sysctl, (ulong)call);
        }
    }

    private string FeatureSet(uint index)
    {
        lock (gate)
        {
            var words = (uint*)arena.Bytes(ListOffset, MaxFeatureWords * sizeof(uint));
            var call = arena.Zeroed<Sysctl>();
            call->Command = CpuFeatureSetLayout.Command;
            call->InterfaceVersion = versions.Sysctl;
            var argument = (CpuFeatureSetLayout*)((byte*)call + sizeof(ulong));
            *argument = new CpuFeatureSetLayout { Index = index, Count = MaxFeatureWords, Features = (ulong)words };
            try
            {
                privcmd.Call("sysctl cpu_featureset", HypercallNumbers.Sysctl, (ulong)call);
            }
            catch (HypervisorError error) when (error.Errno == LibC.EINVAL || error.Errno == LibC.EOPNOTSUPP)
            {
                return "";
            }

            var text = new StringBuilder();
            for (int word = 0; word < Math.Min(argument->Count, MaxFeatureWords); word++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{(word == 0 ? "" : "-")}{words[word]:x8}");
            }

            return text.ToString();
        }
    }
}

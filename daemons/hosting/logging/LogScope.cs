using System.Security.Cryptography;
using System.Text;

namespace Toolstack.Hosting;

/// <summary>What the work that is under way is about, for the fields of its log lines in the journal: the task it runs under, the session
/// that asked (written as <see cref="TrackOf"/> it), the VM's uuid.</summary>
public sealed record LogScope(string? Task = null, string? Session = null, string? Vm = null)
{
    private static readonly AsyncLocal<LogScope?> Ambient = new();

    /// <summary>The scope of the work under way; null outside of any.</summary>
    public static LogScope? Current => Ambient.Value;

    /// <summary>Puts the calling asynchronous method, and all it calls and starts from here on, into a scope. It ends with that method.</summary>
    public static void Enter(LogScope scope) => Ambient.Value = scope;

    /// <summary>A session as logs may name it: whoever knows the reference can use the session, whoever knows this can only recognise it.</summary>
    public static string TrackOf(string session)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(session), hash);
        return Convert.ToHexStringLower(hash[..8]);
    }
}

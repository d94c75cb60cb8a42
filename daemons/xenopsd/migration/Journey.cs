using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Migration;

/// <summary>One migration on its way.</summary>
internal sealed class Journey(Operation.VM_migrate operation, RemoteHost host, bool paused)
{
    internal Operation.VM_migrate Operation => operation;

    internal string Vm => operation.Vm;

    internal RemoteHost Host => host;

    internal bool Paused => paused;

    /// <summary>What the destination knows the migration by; null where it takes none.</summary>
    internal string? Token { get; set; }
}

namespace Toolstack.Tests.Xen;

/// <summary>What of the scenario can be run in its place.</summary>
internal static class Parts
{
    /// <summary>The table of what the daemons hold in memory.</summary>
    public const string Memory = "memory";
}

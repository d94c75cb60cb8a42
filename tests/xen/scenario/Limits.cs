namespace Toolstack.Tests.Xen;

/// <summary>How long things may take in an emulated machine that may share its processors with other work.</summary>
internal static class Limits
{
    public static readonly TimeSpan Boot = TimeSpan.FromSeconds(300);

    public static readonly TimeSpan Command = TimeSpan.FromSeconds(120);

    /// <summary>For what the machines have to say when the time is over.</summary>
    public static readonly TimeSpan LastWords = TimeSpan.FromSeconds(8);

    /// <summary>Until a guest has said or done something.</summary>
    public static readonly TimeSpan Guest = TimeSpan.FromSeconds(300);

    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(300);

    /// <summary>Lines of a log that are shown when a check fails.</summary>
    public const int LogLines = 12;
}

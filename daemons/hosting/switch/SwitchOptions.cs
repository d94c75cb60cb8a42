namespace Toolstack.Hosting.Switch;

/// <summary>Where the switch is and who the client says it is (for the switch's diagnostics and log only).</summary>
public sealed record SwitchOptions(string Path, string ClientName)
{
    /// <summary>The socket of the switch where nothing else is configured.</summary>
    public const string DefaultPath = "/var/run/message-switch/sock";

    /// <summary>The shortest and the longest pause between two attempts to connect; doubled from one to the other.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Whether large payloads travel as sealed memory where the switch can do so; else they are copied through the socket.</summary>
    public bool SealedPayloads { get; init; } = true;

    /// <summary>See <see cref="FirstBackOff"/>.</summary>
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(1);
}

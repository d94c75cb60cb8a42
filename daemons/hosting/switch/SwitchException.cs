namespace Toolstack.Hosting.Switch;

/// <summary>A call through the switch failed; <see cref="Kind"/> says how. The text is for people, never to be parsed.</summary>
public sealed class SwitchException(SwitchErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public SwitchErrorKind Kind { get; } = kind;
}

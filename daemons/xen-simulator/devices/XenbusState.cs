namespace Toolstack.XenSimulator.Devices;

/// <summary>States of either end of a device (xenbus protocol).</summary>
internal enum XenbusState
{
    /// <summary>The node is not there or holds no number.</summary>
    Unknown = 0,
    Initialising = 1,
    InitWait = 2,
    Initialised = 3,
    Connected = 4,
    Closing = 5,
    Closed = 6,
}

internal static class XenbusStates
{
    internal static XenbusState Parse(string? text) =>
        text is [>= '0' and <= '6'] ? (XenbusState)(text[0] - '0') : XenbusState.Unknown;

    internal static string Text(this XenbusState state) => ((int)state).ToString();
}

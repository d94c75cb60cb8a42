namespace Toolstack.Hosting;

/// <summary>Raised by a daemon's main to be started again by its supervisor: the daemon ends with a status that is no success. The message
/// says why.</summary>
public sealed class RestartWantedException(string reason) : Exception(reason);

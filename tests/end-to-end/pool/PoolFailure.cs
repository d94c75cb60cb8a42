namespace Toolstack.EndToEnd.Pool;

/// <summary>The development pool could not do what it was asked: a daemon did not start, or a wait passed its deadline.</summary>
public sealed class PoolFailure(string message) : Exception(message);

namespace Toolstack.Hosting;

/// <summary>A configuration that a daemon cannot start with. The message names the file, the line and what is allowed.</summary>
public sealed class ConfigurationException(string message) : Exception(message);

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Bytes or arguments that the xenstore protocol does not allow.</summary>
public sealed class XenstoreFormatException(string message) : Exception(message);

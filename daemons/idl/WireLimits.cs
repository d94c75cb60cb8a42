namespace Toolstack.Idl;

/// <summary>The bounds of every document that is read, whatever its encoding. Passing one ends in a <see cref="WireFormatException"/> that names it.</summary>
public static class WireLimits
{
    /// <summary>Arrays and structs inside each other.</summary>
    public const int MaxDepth = 64;

    /// <summary>Bytes of one document; the listeners set tighter bounds where the protocol has them.</summary>
    public const int MaxDocumentBytes = 64 << 20;

    /// <summary>Values in one document, counted at every level.</summary>
    public const int MaxValues = 4 << 20;

    /// <summary>Parameters of one call.</summary>
    public const int MaxParameters = 256;

    /// <summary>Bytes of an XML element's name.</summary>
    public const int MaxElementNameBytes = 64;
}

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Names of xenstore errors (xenstore protocol), those that one server alone uses, and the two a client makes itself.</summary>
public enum XenstoreErrorName
{
    /// <summary>A name that is none of these: <see cref="XenstoreError.ErrorName"/> has it.</summary>
    Other,
    EINVAL,
    EACCES,
    EEXIST,
    EISDIR,
    ENOENT,
    ENOMEM,
    ENOSPC,
    EIO,
    ENOTEMPTY,
    ENOSYS,
    EROFS,
    EBUSY,
    EAGAIN,
    EISCONN,
    E2BIG,
    EPERM,
    EQUOTA,

    /// <summary>Made by the client: no answer within the deadline. The request may still be carried out.</summary>
    ETIMEDOUT,

    /// <summary>Made by the client: the connection is gone. The request may have been carried out; a transaction was not committed
    /// unless its end was under way.</summary>
    ECONNRESET,
}

/// <summary>A xenstore request that failed. <see cref="Path"/> is the node, or what else the request was about.</summary>
public sealed class XenstoreError : Exception
{
    public XenstoreError(XenstoreOperation? operation, string path, string errorName, Exception? cause = null)
        : base($"xenstore: {operation?.ToString() ?? "connection"} {path}: {errorName}", cause)
    {
        Operation = operation;
        Path = path;
        ErrorName = errorName;
        Name = Parse(errorName);
    }

    public XenstoreError(XenstoreOperation? operation, string path, XenstoreErrorName name, Exception? cause = null)
        : this(operation, path, name.ToString(), cause)
    {
    }

    /// <summary>Null when no request was made: the connection itself failed.</summary>
    public XenstoreOperation? Operation { get; }

    public string Path { get; }

    public XenstoreErrorName Name { get; }

    /// <summary>The name as the server gave it.</summary>
    public string ErrorName { get; }

    private static XenstoreErrorName Parse(string text) =>
        Enum.TryParse<XenstoreErrorName>(text, out var name) && name != XenstoreErrorName.Other && char.IsAsciiLetterUpper(text[0])
            ? name
            : XenstoreErrorName.Other;
}

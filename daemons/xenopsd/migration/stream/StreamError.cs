namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>What is wrong with a suspend image or a libxc stream.</summary>
public enum StreamFault
{
    /// <summary>The image does not start with the signature.</summary>
    BadSignature,

    /// <summary>A header of the image or of the stream has a field that is not allowed.</summary>
    BadHeader,

    /// <summary>The stream's version is neither 2 nor 3.</summary>
    UnsupportedVersion,

    /// <summary>The domain header's type is not x86 HVM/PVH.</summary>
    UnsupportedDomainType,

    /// <summary>A mandatory record of a type that is unknown or not supported.</summary>
    UnknownRecord,

    /// <summary>A known record where the format does not allow it.</summary>
    UnexpectedRecord,

    /// <summary>A record that may come once came again, or a frame twice in one record.</summary>
    Duplicate,

    /// <summary>A length that is over its limit or does not agree with the record's content.</summary>
    BadLength,

    /// <summary>A count over its limit of <see cref="StreamLimits"/>.</summary>
    TooMany,

    /// <summary>A frame number outside the guest.</summary>
    FrameOutOfRange,

    /// <summary>A page type the domain type does not have.</summary>
    BadPageType,

    /// <summary>A record's body is malformed.</summary>
    BadBody,

    /// <summary>END came before a record the guest needs.</summary>
    MissingRecord,

    /// <summary>After VERIFY: a frame differs from what was restored.</summary>
    VerifyMismatch,
}

/// <summary>The guest writes faster than its memory can be sent, and the caller would rather not have it suspended for as long as the rest
/// takes. The guest runs on.</summary>
public sealed class NotConvergingError : IOException
{
    public NotConvergingError(string reason, long dirtyPages, double bytesPerSecond, TimeSpan target)
        : base($"migration given up ({reason}): {dirtyPages} pages left would suspend the guest for "
            + $"{dirtyPages * StreamLimits.PageSize / bytesPerSecond * 1000:0} ms, the target is {target.TotalMilliseconds:0} ms")
    {
    }
}

/// <summary>
/// A stream that breaks its format. It never leaves the backend: at that boundary it becomes a XenopsError that carries
/// <see cref="Exception.Message"/>.
/// </summary>
public sealed class StreamError : IOException
{
    public StreamError(StreamFault fault, string detail)
        : base($"migration stream: {fault}: {detail}")
    {
        Fault = fault;
    }

    public StreamFault Fault { get; }
}

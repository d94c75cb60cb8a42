namespace Toolstack.Xenopsd.Contract;

/// <summary>A failure of xenopsd, carried from where it happens to the task or the caller that reports it.</summary>
public sealed class XenopsError(XenopsErrorValue value, Exception? inner = null) : Exception(value.ToString(), inner)
{
    /// <summary>What failed, as it goes on the wire.</summary>
    public XenopsErrorValue Value { get; } = value;

    /// <summary>A failure that has no kind of its own.</summary>
    public static XenopsError Internal(string message, Exception? inner = null) => new(new XenopsErrorValue.Internal_error(message), inner);

    public static XenopsError DoesNotExist(string kind, string id) => new(new XenopsErrorValue.Does_not_exist(kind, id));
}

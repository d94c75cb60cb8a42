using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>An X.509 certificate that a host or the pool has installed.</summary>
[XenClass("Certificate")]
public sealed partial record Certificate : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string name { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public certificate_type type { get; init; } = certificate_type.host;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "host.certificates")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public DateTimeOffset not_before { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public DateTimeOffset not_after { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>SHA-256, as pairs of hexadecimal digits between colons.</summary>
    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string fingerprint { get; init; } = "";

    /// <summary>For clients that still ask for it.</summary>
    [Field(Qualifier.StaticRO, HasDefault = true, Internal = true)]
    public string fingerprint_sha1 { get; init; } = "";
}

/// <summary>Whom a certificate speaks for.</summary>
[WireType]
public enum certificate_type
{
    ca,
    host,
    host_internal,
}

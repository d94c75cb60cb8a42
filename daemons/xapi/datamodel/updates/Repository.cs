using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A source of update packages.</summary>
[XenClass("Repository")]
public sealed partial record Repository : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true, AlsoWriters = [Role.ClientCert])]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true, AlsoWriters = [Role.ClientCert])]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string binary_url { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string source_url { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool update { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string hash { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public bool up_to_date { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string gpgkey_path { get; init; } = "";
}

/// <summary>The explicit messages of Repository, with the policy of each.</summary>
[MessagesOf(typeof(Repository))]
public interface IRepositoryMessages
{
    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task set_gpgkey_path(Call call, Ref<Repository> self, string value);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task forget(Call call, Ref<Repository> self);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task<Ref<Repository>> introduce(
        Call call, string name_label, string name_description, string binary_url, string source_url, bool update, string gpgkey_path = "");
}

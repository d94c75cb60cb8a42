using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A login: who may call what, since when it is used. Not kept over a restart; get_all is not on the wire.</summary>
[XenClass("session", ExposesAll = false, Persistent = false)]
public sealed partial record session : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public Ref<host> this_host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO)]
    public Ref<user> this_user { get; init; } = Ref<user>.Null;

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset last_active { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public bool pool { get; init; }

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.PoolAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_local_superuser { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<subject> subject { get; init; } = Ref<subject>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset validation_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string auth_user_sid { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string auth_user_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<string> rbac_permissions { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<task>> tasks { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<session> parent { get; init; } = Ref<session>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string originator { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool client_certificate { get; init; }
}

/// <summary>The explicit messages of session, with the policy of each.</summary>
[MessagesOf(typeof(session))]
public interface IsessionMessages
{
    [Message(Role.PoolOperator)]
    Task logout_subject_identifier(Call call, string subject_identifier);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_all_subject_identifiers(Call call);

    [Message(Role.PoolAdmin), RunsOn(Where.Here)]
    Task local_logout(Call call);

    [Message(Role.LocalRoot), RunsOn(Where.Here)]
    Task<Ref<session>> create_from_db_file(Call call, string filename);

    [Message(Role.PoolAdmin, Session = false, Secret = true), RunsOn(Where.Here)]
    Task<Ref<session>> slave_local_login_with_password(Call call, string uname, string pwd);

    [Message(Role.LocalRoot, Secret = true)]
    Task change_password(Call call, string old_pwd, string new_pwd);

    [Message(Role.ReadOnly)]
    Task logout(Call call);

    [Message(Role.ReadOnly, Session = false, Secret = true), RunsOn(Where.Here), Raises("SESSION_AUTHENTICATION_FAILED", "HOST_IS_SLAVE")]
    Task<Ref<session>> login_with_password(Call call, string uname, string pwd, string version = "1.1", string originator = "");

    // Between the hosts of a pool only.

    [Message(Role.LocalRoot, Session = false, Secret = true), RunsOn(Where.Here)]
    Task<Ref<session>> slave_login(Call call, Ref<host> host, string psecret);

    [Message(Role.LocalRoot, Session = false, Secret = true), RunsOn(Where.Here)]
    Task<Ref<session>> slave_local_login(Call call, string psecret);
}

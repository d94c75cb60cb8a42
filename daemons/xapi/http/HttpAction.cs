using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Http;

/// <summary>What can be done by HTTP besides XenAPI calls, with the least role for it. The permission is <c>http/name</c>.</summary>
internal sealed record HttpAction(string Name, Role Role, ImmutableArray<Role> Also)
{
    internal static HttpAction PutImport { get; } = Of("put_import", Role.VmAdmin);
    internal static HttpAction PutImportMetadata { get; } = Of("put_import_metadata", Role.VmAdmin);
    internal static HttpAction GetExport { get; } = Of("get_export", Role.VmAdmin);
    internal static HttpAction GetExportMetadata { get; } = Of("get_export_metadata", Role.VmAdmin);
    internal static HttpAction PutImportRawVdi { get; } = Of("put_import_raw_vdi", Role.VmAdmin);
    internal static HttpAction GetExportRawVdi { get; } = Of("get_export_raw_vdi", Role.VmAdmin);
    internal static HttpAction ConnectConsole { get; } = Of("connect_console", Role.VmOperator);
    internal static HttpAction HostConsole { get; } = Of("connect_console/host_console", Role.PoolAdmin);
    internal static HttpAction GetPoolDatabase { get; } = Of("get_pool_xml_db_sync", Role.PoolAdmin);
    internal static HttpAction PutPoolDatabase { get; } = Of("put_pool_xml_db_sync", Role.PoolAdmin);
    internal static HttpAction GetBlob { get; } = Of("get_blob", Role.ReadOnly);
    internal static HttpAction PutBlob { get; } = Of("put_blob", Role.VmPowerAdmin);
    internal static HttpAction PutMessages { get; } = Of("put_messages", Role.VmPowerAdmin);
    internal static HttpAction GetServices { get; } = Of("get_services", Role.ReadOnly);
    internal static HttpAction PostXenops { get; } = new("post_services_xenops", Role.VmPowerAdmin, [Role.ClientCert]);
    internal static HttpAction PutXenops { get; } = new("put_services_xenops", Role.VmPowerAdmin, [Role.ClientCert]);
    internal static HttpAction GetAuditLog { get; } = Of("get_audit_log", Role.ReadOnly);
    internal static HttpAction PostRemoteDatabase { get; } = Of("post_remote_db_access_v2", Role.PoolAdmin);

    /// <summary>Every action.</summary>
    internal static ImmutableArray<HttpAction> All { get; } =
    [
        PutImport, PutImportMetadata, GetExport, GetExportMetadata, PutImportRawVdi, GetExportRawVdi, ConnectConsole, HostConsole, GetPoolDatabase,
        PutPoolDatabase, GetBlob, PutBlob, PutMessages, GetServices, PostXenops, PutXenops, GetAuditLog, PostRemoteDatabase,
    ];

    internal string Permission => "http/" + Name;

    private static HttpAction Of(string name, Role role) => new(name, role, []);
}

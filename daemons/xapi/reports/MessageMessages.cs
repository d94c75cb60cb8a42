using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Reports;

/// <summary>The messages of class message.</summary>
internal sealed class MessageMessages(NoticeStore store, IChangeLog log) : messageMessages
{
    /// <summary>Raises UUID_INVALID [class; uuid] for an object that is not there, INVALID_VALUE for a body over
    /// <see cref="ReportLimits.MaxNoticeBody"/>.</summary>
    public override Task<Ref<message>> create(Call call, string name, long priority, cls cls, string obj_uuid, string body)
    {
        if (body.Length > ReportLimits.MaxNoticeBody)
        {
            throw new XenApiError("INVALID_VALUE", "body", $"over {nameof(ReportLimits.MaxNoticeBody)} ({ReportLimits.MaxNoticeBody})");
        }

        XenClass about = ClassOf(cls);
        if (log.RefByUuid(about, obj_uuid) is null)
        {
            throw new XenApiError("UUID_INVALID", about.Name, obj_uuid);
        }

        return Task.FromResult(store.Add(name, priority, cls, obj_uuid, body));
    }

    public override Task destroy(Call call, Ref<message> self)
    {
        store.Remove(self);
        return Task.CompletedTask;
    }

    /// <summary>Those that are there; the others are gone already.</summary>
    public override Task destroy_many(Call call, ImmutableArray<Ref<message>> messages)
    {
        foreach (Ref<message> self in messages)
        {
            call.Cancellation.ThrowIfCancellationRequested();
            try
            {
                store.Remove(self);
            }
            catch (XenApiError error) when (error.Code == "HANDLE_INVALID")
            {
                // It was removed by somebody else, which is as good.
            }
        }

        return Task.CompletedTask;
    }

    public override Task<message> get_record(Call call, Ref<message> self) => Task.FromResult(store.Get(self).Row);

    public override Task<Ref<message>> get_by_uuid(Call call, string uuid) =>
        Task.FromResult(store.All().FirstOrDefault(n => n.Row.uuid == uuid)?.Self ?? throw new XenApiError("UUID_INVALID", "message", uuid));

    /// <summary>Newest first.</summary>
    public override Task<ImmutableArray<Ref<message>>> get_all(Call call) =>
        Task.FromResult<ImmutableArray<Ref<message>>>([.. store.All().Reverse().Select(static n => n.Self)]);

    public override Task<ImmutableSortedDictionary<Ref<message>, message>> get_all_records(Call call) => Records(static _ => true);

    /// <summary>Raises INVALID_VALUE for what is no query.</summary>
    public override Task<ImmutableSortedDictionary<Ref<message>, message>> get_all_records_where(Call call, string expr)
    {
        Query query = Query.Parse(expr);
        return Records(n => query.Matches(column => Columns.Read(new RowView(n.Self.ToString(), n.Row, n.Generation, n.Generation), column)));
    }

    public override Task<ImmutableSortedDictionary<Ref<message>, message>> get_since(Call call, DateTimeOffset since) => Records(n => n.Row.timestamp > since);

    /// <summary>About one object.</summary>
    public override Task<ImmutableSortedDictionary<Ref<message>, message>> get(Call call, cls cls, string obj_uuid, DateTimeOffset since) =>
        Records(n => n.Row.cls == cls && n.Row.obj_uuid == obj_uuid && n.Row.timestamp > since);

    private Task<ImmutableSortedDictionary<Ref<message>, message>> Records(Func<Notice, bool> wanted) =>
        Task.FromResult(store.All().Where(wanted).ToImmutableSortedDictionary(static n => n.Self, static n => n.Row));

    private static XenClass ClassOf(cls cls) => cls switch
    {
        cls.VM => VM.Info,
        cls.Host => host.Info,
        cls.SR => SR.Info,
        cls.Pool => pool.Info,
        cls.VMPP => VMPP.Info,
        cls.VMSS => VMSS.Info,
        cls.PVS_proxy => PVS_proxy.Info,
        cls.VDI => VDI.Info,
        _ => Certificate.Info,
    };
}

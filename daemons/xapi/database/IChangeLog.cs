using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>A row with the generations at which it was created and last changed.</summary>
public sealed record RowView(string Reference, XenObject Row, long Created, long Modified);

/// <summary>A row that is gone, as it was last, with the generations of its creation and deletion.</summary>
public sealed record DeletedRow(string Reference, XenObject Row, long Created, long Deleted);

/// <summary>All tables at one moment. Events are computed from one view: rows read one table after the other while changes go on could
/// carry a token past a change that was not seen.</summary>
public interface IDatabaseView
{
    /// <summary>The generation of the last change of this view.</summary>
    long Generation { get; }

    /// <summary>The generation of the last change of a row of the class, present or deleted.</summary>
    long Newest(XenClass c);

    /// <summary>Every row of a class.</summary>
    IReadOnlyList<RowView> Rows(XenClass c);

    /// <summary>The rows of a class created or modified after a generation, oldest change first: the cost is that of the changes, not of the table.</summary>
    IReadOnlyList<RowView> ChangedSince(XenClass c, long generation);

    /// <summary>The rows of a class deleted last (bounded), newest first.</summary>
    IReadOnlyList<DeletedRow> Deleted(XenClass c);

    /// <summary>The generation of the newest deletion in the class that is no longer among <see cref="Deleted"/>; 0 for none.</summary>
    long ForgottenUpTo(XenClass c);

    int Count(XenClass c);

    RowView? Find(XenClass c, string reference);
}

/// <summary>What events and the implicit messages need of the coordinator's database: generations, and rows without their static type.</summary>
public interface IChangeLog
{
    /// <summary>All tables as they are now.</summary>
    IDatabaseView View { get; }

    /// <summary>The generation of the last change.</summary>
    long Generation { get; }

    /// <summary>Every row of a class.</summary>
    IReadOnlyList<RowView> Rows(XenClass c);

    /// <summary>The rows of a class deleted last (bounded), newest first.</summary>
    IReadOnlyList<DeletedRow> Deleted(XenClass c);

    int Count(XenClass c);

    /// <summary>Ends when <see cref="Generation"/> is above <paramref name="sinceGeneration"/>, at once if it is.</summary>
    Task WaitForChangeAsync(long sinceGeneration, CancellationToken cancel);

    /// <summary>A new generation although no row has changed: something outside the tables has, and whoever waits is to look.</summary>
    void Wake();

    /// <summary>Marks a row as changed and returns the generation it was marked with. Raises HANDLE_INVALID [class; ref].</summary>
    long Touch(string cls, string reference);

    XenObject? FindUntyped(XenClass c, string reference);

    /// <summary>As <see cref="XapiDatabase.Update{T}"/>, but without waiting for the disk.</summary>
    XenObject UpdateUntyped(XenClass c, string reference, Func<XenObject, XenObject> change);

    /// <summary>As <see cref="XapiDatabase.Update{T}"/>: ends when the change is on disk.</summary>
    ValueTask<XenObject> UpdateUntypedAsync(XenClass c, string reference, Func<XenObject, XenObject> change, CancellationToken cancel);

    /// <summary>The reference of the row of this class with the uuid, or null.</summary>
    string? RefByUuid(XenClass c, string uuid);

    /// <summary>The references of the rows of this class whose name_label is exactly the label.</summary>
    IReadOnlyCollection<string> RefsByName(XenClass c, string label);
}

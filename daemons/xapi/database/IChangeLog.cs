using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>A row with the generations at which it was created and last changed.</summary>
public sealed record RowView(string Reference, XenObject Row, long Created, long Modified);

/// <summary>A row that is gone, with the generations of its creation and deletion.</summary>
public sealed record DeletedRow(string Reference, long Created, long Deleted);

/// <summary>What events and the implicit messages need of the coordinator's database: generations, and rows without their static type.</summary>
public interface IChangeLog
{
    /// <summary>The generation of the last change.</summary>
    long Generation { get; }

    /// <summary>Every row of a class.</summary>
    IReadOnlyList<RowView> Rows(XenClass c);

    /// <summary>The rows of a class deleted last (bounded), newest first.</summary>
    IReadOnlyList<DeletedRow> Deleted(XenClass c);

    int Count(XenClass c);

    /// <summary>Ends when <see cref="Generation"/> is above <paramref name="sinceGeneration"/>, at once if it is.</summary>
    Task WaitForChangeAsync(long sinceGeneration, CancellationToken cancel);

    /// <summary>Marks a row as changed and returns the generation it was marked with. Raises HANDLE_INVALID [class; ref].</summary>
    long Touch(string cls, string reference);

    XenObject? FindUntyped(XenClass c, string reference);

    /// <summary>As <see cref="XapiDatabase.Update{T}"/>.</summary>
    XenObject UpdateUntyped(XenClass c, string reference, Func<XenObject, XenObject> change);

    /// <summary>The reference of the row of this class with the uuid, or null.</summary>
    string? RefByUuid(XenClass c, string uuid);
}

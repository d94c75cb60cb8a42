using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Dispatch;

/// <summary>The implementation of a class whose objects are no rows of the database: the implicit messages read them here. They cannot be set.</summary>
internal interface IVirtualRows
{
    IReadOnlyList<RowView> Rows { get; }

    RowView? Find(string reference);
}

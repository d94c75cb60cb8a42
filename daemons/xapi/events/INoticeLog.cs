using Toolstack.Idl;

namespace Toolstack.Xapi.Events;

/// <summary>Objects that have events but are no rows: the notices of class message, with a generation of their own.</summary>
internal interface INoticeLog
{
    XenClass Class { get; }

    /// <summary>Those added and removed after a generation of theirs, oldest first; from the beginning (below 0) those that are there.</summary>
    IReadOnlyList<XenEvent> Since(long generation);
}

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Gives frames to the guest a little ahead of the thread that fills them: on fresh memory the faults cost several times the
/// copy. Streams send the first pass in gfn order, so the frames after the last one are the likely next; a wrong guess costs
/// at most <see cref="StreamLimits.PreparedAheadPages"/> frames for each jump. The thread ends with <see cref="Dispose"/>,
/// before the memory may go.
/// </summary>
internal sealed class FramePreparer(IGuestMemory memory) : IDisposable
{
    private readonly Lock _sync = new();
    private readonly AutoResetEvent _more = new(initialState: false);
    private Thread? _thread;
    private long _next;
    private long _until;
    private bool _ended;

    /// <summary>The frames before <paramref name="gfn"/> are filled, or being filled, by the caller.</summary>
    public void Advance(long gfn)
    {
        lock (_sync)
        {
            var until = Math.Min(gfn + StreamLimits.PreparedAheadPages, memory.PageCount);
            if (_ended || until <= _until)
            {
                return;
            }

            _next = Math.Max(_next, gfn);
            _until = until;
            if (_thread is null)
            {
                _thread = new Thread(Loop) { Name = "frame preparer", IsBackground = true };
                _thread.Start();
            }
        }

        _more.Set();
    }

    public void Dispose()
    {
        lock (_sync)
        {
            _ended = true;
        }

        _more.Set();
        _thread?.Join();
        _more.Dispose();
    }

    private void Loop()
    {
        while (Take() is var (gfn, count))
        {
            if (count == 0)
            {
                _more.WaitOne();
            }
            else if (!memory.Prepare(gfn, count))
            {
                return;
            }
        }
    }

    /// <summary>The next frames to prepare, none for now (count 0), or null at the end.</summary>
    private (long Gfn, long Count)? Take()
    {
        lock (_sync)
        {
            if (_ended)
            {
                return null;
            }

            var gfn = _next;
            var count = Math.Clamp(_until - gfn, 0, StreamLimits.PreparedChunkPages);
            _next += count;
            return (gfn, count);
        }
    }
}

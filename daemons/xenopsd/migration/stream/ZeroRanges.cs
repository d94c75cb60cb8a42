namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Frames found to be all zero during a pass, gathered as ranges and written as ZERO_PAGES records. They must be
/// flushed before the next pass, which may send the same frames as data. Few bytes stand for much work of the receiver's, so they are not
/// kept until then: it would do that work while the guest stands still.</summary>
internal sealed class ZeroRanges(RecordWriter writer)
{
    private readonly (long First, long Count)[] _ranges = new (long, long)[StreamLimits.MaxZeroRanges];
    private int _used;
    private long _heldBack;

    /// <summary>Frames added since the object was made.</summary>
    public long Total { get; private set; }

    public void Add(long first, long count)
    {
        Total += count;
        if (_used > 0 && _ranges[_used - 1].First + _ranges[_used - 1].Count == first)
        {
            _ranges[_used - 1].Count += count;
        }
        else
        {
            if (_used == _ranges.Length)
            {
                Flush();
            }

            _ranges[_used++] = (first, count);
        }

        _heldBack += count;
        if (_heldBack >= StreamLimits.ZeroFramesHeldBack)
        {
            Flush();
        }
    }

    public void Flush()
    {
        if (_used > 0)
        {
            writer.WriteZeroPages(_ranges.AsSpan(0, _used));
            _used = 0;
            _heldBack = 0;
        }
    }
}

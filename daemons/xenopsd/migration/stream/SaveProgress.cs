namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Turns frames done into a fraction that only grows: the first pass is four fifths of the work, every later one takes
/// half of what is left, and 1 is reported by the engine when the stream has ended. Reports at steps of a hundredth.</summary>
internal sealed class SaveProgress(IProgress<double> progress)
{
    private const double FirstShare = 0.8;
    private const double LaterShare = 0.5;
    private const double Step = 0.01;
    private double _base;
    private double _span;
    private double _reported;
    private long _pages;
    private long _done;
    private bool _started;

    public void StartPass(long pages, bool live)
    {
        _base += _span;
        _span = (1 - _base) * (_started || !live ? LaterShare : FirstShare);
        _started = true;
        _pages = Math.Max(1, pages);
        _done = 0;
    }

    public void Done(long pages)
    {
        _done += pages;
        var fraction = _base + (_span * Math.Min(1, (double)_done / _pages));
        if (fraction >= _reported + Step)
        {
            _reported = fraction;
            progress.Report(fraction);
        }
    }
}

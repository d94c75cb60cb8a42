using System.Diagnostics;
using System.Numerics;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>
/// Sends one guest: envelope, headers, iterative pre-copy, suspension, last pass, state, END. It runs to its end on the
/// caller's thread, which should be one of its own, because every transfer blocks.
/// <para>Cancellation is heard at each batch until the before-suspend callback has returned; it ends the connection. On any
/// failure log-dirty is switched off and the error propagates: <see cref="OperationCanceledException"/>,
/// <see cref="HypervisorError"/>, or what the source's suspension raised.</para>
/// </summary>
public sealed class SaveEngine
{
    private readonly ISaveSource _source;
    private readonly IGuestMemory _memory;
    private readonly SaveOptions _options;
    private readonly IProgress<double> _progress;
    private readonly IDataChannel _io;
    private readonly RecordWriter _writer;
    private readonly ImageWriter _image;
    private readonly PageBatch _batch;
    private readonly ZeroRanges _zeros;
    private readonly RateLimiter _limiter;
    private readonly SaveProgress _share;
    private readonly ulong[] _dirty;
    private readonly bool _live;
    private readonly List<PassStatistics> _passes = [];
    private string _stopReason = "";

    private SaveEngine(ISaveSource source, IDataChannel io, SaveOptions options, IProgress<double> progress)
    {
        _source = source;
        _memory = source.Memory;
        _options = options;
        _progress = progress;
        _io = io;
        _writer = new RecordWriter(io);
        _image = new ImageWriter(io);
        _zeros = new ZeroRanges(_writer);
        _batch = new PageBatch(io, _memory, options.PeerTakesZeroRecords ? _zeros : null);
        _limiter = new RateLimiter(options.BandwidthLimitBytesPerSecond);
        _share = new SaveProgress(progress);
        _dirty = new ulong[(_memory.PageCount + 63) / 64];
        _live = options.Live && _memory.CanLogDirty;
    }

    /// <summary>Sends the guest and returns with it suspended. <paramref name="beforeSuspend"/> is the last moment at which the
    /// migration may be called off.</summary>
    public static SaveStatistics Run(
        ISaveSource source,
        IDataChannel io,
        SaveOptions options,
        Func<CancellationToken, Task> beforeSuspend,
        IProgress<double> progress,
        CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(io);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(beforeSuspend);
        return new SaveEngine(source, io, options, progress).Send(beforeSuspend, cancel);
    }

    private SaveStatistics Send(Func<CancellationToken, Task> beforeSuspend, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            SendWhileRunning(beforeSuspend, cancel);
            var suspending = Stopwatch.GetTimestamp();
            _source.Suspend();
            SendSuspended();
            var end = Stopwatch.GetTimestamp();
            _progress.Report(1);
            return new SaveStatistics(
                _io.WireBytes,
                _passes.Count - 1,
                Stopwatch.GetElapsedTime(suspending, end),
                Stopwatch.GetElapsedTime(start, end),
                _passes.Sum(p => p.Pages),
                _zeros.Total,
                _stopReason,
                _passes);
        }
        finally
        {
            if (_live)
            {
                _memory.DisableLogDirty();
            }
        }
    }

    /// <summary>Everything up to the point of no return. A cancellation ends the channel, so that a transfer the peer does
    /// not take ends too; the error it then gives is reported as the cancellation it is.</summary>
    private void SendWhileRunning(Func<CancellationToken, Task> beforeSuspend, CancellationToken cancel)
    {
        using var registration = cancel.Register(_io.End);
        try
        {
            _image.WriteStart(_source.VmDescription);
            _image.WriteLibxc();
            _writer.WriteHeaders(_source.Type);
            _writer.WriteStaticState(_source.Type, _source.GetStaticState());
            MarkAll();
            if (_live)
            {
                SendLivePasses(cancel);
            }

            // The engine has this thread to itself, so waiting for the callback blocks nobody else.
            beforeSuspend(cancel).GetAwaiter().GetResult();
            cancel.ThrowIfCancellationRequested();
        }
        catch (IOException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    }

    private void SendLivePasses(CancellationToken cancel)
    {
        _memory.EnableLogDirty();
        PreCopyPolicy policy = new(_options.MaxIterations, _options.DowntimeTarget);
        var pages = _memory.PageCount;
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            SendPass(pages, live: true, cancel);
            pages = _memory.CleanLogDirty(_dirty);
            _passes[^1] = _passes[^1] with { DirtyPages = pages };
            var rate = _io.Bytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (policy.ShouldStop(_passes.Count, pages, rate))
            {
                _stopReason = policy.StopReason ?? "";
                if (!policy.Converged && _options.GiveUp)
                {
                    throw new NotConvergingError(_stopReason, pages, rate, _options.DowntimeTarget);
                }

                return;
            }
        }
    }

    private void SendSuspended()
    {
        if (_live)
        {
            // What the last live pass left over, and what was written since.
            var late = new ulong[_dirty.Length];
            _memory.CleanLogDirty(late);
            for (var i = 0; i < late.Length; i++)
            {
                _dirty[i] |= late[i];
            }
        }

        SendPass(CountDirty(), live: false, CancellationToken.None);
        _writer.WriteDynamicState(_source.GetDynamicState());
        _writer.WriteEnd();
        if (_options.WithVgpus)
        {
            _image.WriteDemu();
            _source.WriteVgpus(_io);
        }

        _image.WriteEnd();
        _io.FinishWriting();
    }

    /// <summary>Conveys every frame marked in the bitmap, once.</summary>
    private void SendPass(long pages, bool live, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var bytes = _io.WireBytes;
        var zeros = _zeros.Total;
        if (_passes.Count == 0 && _source.GetTable() is { } table)
        {
            _writer.WriteTable(table);
        }

        var sparse = _passes.Count == 0 && (_options.PeerTakesZeroRecords || _memory.HasHoles);
        _share.StartPass(sparse ? CountPopulated() : pages, live);
        if (sparse)
        {
            SendPopulated(live, cancel);
        }
        else
        {
            SendMarked(0, _memory.PageCount, live, cancel);
        }

        _batch.Flush();
        _zeros.Flush();
        _passes.Add(new PassStatistics(pages, _zeros.Total - zeros, _io.WireBytes - bytes, Stopwatch.GetElapsedTime(start), DirtyPages: 0));
    }

    /// <summary>The first pass when not every frame has to be read: holes are passed over, and frames never written are told as ranges.</summary>
    private void SendPopulated(bool live, CancellationToken cancel)
    {
        var gfn = 0L;
        while (gfn < _memory.PageCount)
        {
            var (start, end) = _memory.NextPopulated(gfn);
            if (start > gfn && !_memory.HasHoles)
            {
                _zeros.Add(gfn, start - gfn);
            }

            SendMarked(start, end, live, cancel);
            gfn = end;
        }
    }

    /// <summary>What the first pass has to read: a hole takes no time, so progress does not count it.</summary>
    private long CountPopulated()
    {
        var count = 0L;
        var gfn = 0L;
        while (gfn < _memory.PageCount)
        {
            var (start, end) = _memory.NextPopulated(gfn);
            count += end - start;
            gfn = end;
        }

        return count;
    }

    private void SendMarked(long from, long to, bool live, CancellationToken cancel)
    {
        var gfn = from;
        while (gfn < to)
        {
            var bits = _dirty[gfn / 64] >> (int)(gfn % 64);
            if (bits == 0)
            {
                gfn = ((gfn / 64) + 1) * 64;
                continue;
            }

            gfn += BitOperations.TrailingZeroCount(bits);
            if (gfn >= to)
            {
                return;
            }

            _batch.Add(gfn++);
            if (_batch.IsFull)
            {
                FlushBatch(live, cancel);
            }
        }
    }

    private void FlushBatch(bool live, CancellationToken cancel)
    {
        var count = _batch.Count;
        _batch.Flush();
        _share.Done(count);
        if (live)
        {
            _limiter.Wait(_io.WireBytes, cancel);
            cancel.ThrowIfCancellationRequested();
        }
    }

    private void MarkAll()
    {
        Array.Fill(_dirty, ulong.MaxValue);
        var rest = (int)(_memory.PageCount % 64);
        if (rest != 0)
        {
            _dirty[^1] = (1UL << rest) - 1;
        }
    }

    private long CountDirty()
    {
        var count = 0L;
        foreach (var word in _dirty)
        {
            count += BitOperations.PopCount(word);
        }

        return count;
    }
}

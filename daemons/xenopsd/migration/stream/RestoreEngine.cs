using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>What a restore did.</summary>
/// <param name="Frames">Frames received as data, repetitions included.</param>
/// <param name="ZeroFrames">Frames received as ranges of zeros.</param>
public sealed record RestoreStatistics(long BytesReceived, long Frames, long ZeroFrames, TimeSpan Duration);

/// <summary>
/// Receives one guest: the envelope here, the libxc stream inside it by <see cref="StreamReader"/>. It runs to its end on the
/// caller's thread, which should be one of its own. Raises <see cref="StreamError"/> for a broken image,
/// <see cref="HypervisorError"/> and <see cref="EndOfStreamException"/> when the connection fails, and
/// <see cref="OperationCanceledException"/>. After any of them the domain's memory is of no use.
/// </summary>
public sealed class RestoreEngine : IDisposable
{
    private readonly IDataChannel _io;
    private readonly IRestoreTarget _target;
    private readonly StreamReader _stream;
    private readonly byte[] _header = new byte[16];

    private RestoreEngine(IDataChannel io, IRestoreTarget target, IProgress<double> progress)
    {
        _io = io;
        _target = target;
        _stream = new StreamReader(io, target, progress);
    }

    /// <summary>Reads one image and fills the domain.</summary>
    public static RestoreStatistics Run(
        IRestoreTarget target, IDataChannel io, IProgress<double> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(io);
        ArgumentNullException.ThrowIfNull(progress);
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        using var registration = cancel.Register(io.End);
        try
        {
            using RestoreEngine engine = new(io, target, progress);
            engine.ReadImage();
            io.FinishReading();
            // Only a whole image makes a guest.
            target.SetDynamicState(engine._stream.State!);
            progress.Report(1);
            return new RestoreStatistics(
                io.WireBytes, engine._stream.Frames, engine._stream.ZeroFrames, System.Diagnostics.Stopwatch.GetElapsedTime(start));
        }
        catch (IOException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    }

    public void Dispose() => _stream.Dispose();

    private void ReadImage()
    {
        Span<byte> signature = stackalloc byte[StreamFormat.ImageSignature.Length];
        _io.Read(signature);
        if (!signature.SequenceEqual(StreamFormat.ImageSignature))
        {
            throw new StreamError(StreamFault.BadSignature, "not a suspend image");
        }

        for (var records = 0; records < StreamLimits.MaxImageRecords; records++)
        {
            _io.Read(_header);
            var type = (ImageRecord)BitConverter.ToUInt64(_header);
            var length = BitConverter.ToUInt64(_header, 8);
            switch (type)
            {
                case ImageRecord.EndOfImage when _stream.State is not null:
                    RequireEmpty(type, length);
                    return;
                case ImageRecord.Xenops:
                    ReadXenops(length);
                    break;
                case ImageRecord.Libxc when _stream.State is null:
                    RequireEmpty(type, length);
                    _stream.Read();
                    break;
                case ImageRecord.Demu:
                    RequireEmpty(type, length);
                    _target.ReadVgpus(_io);
                    break;
                case ImageRecord.QemuTrad or ImageRecord.Varstored or ImageRecord.Swtpm0 or ImageRecord.Swtpm:
                    SkipEmulatorState(type, length);
                    break;
                default:
                    throw Unexpected(type);
            }
        }

        throw new StreamError(StreamFault.TooMany, $"over {nameof(StreamLimits.MaxImageRecords)} records in the image");
    }

    private void ReadXenops(ulong length)
    {
        if (length > StreamLimits.MaxXenopsRecord)
        {
            throw new StreamError(StreamFault.BadLength, $"Xenops record over {nameof(StreamLimits.MaxXenopsRecord)}");
        }

        var text = new byte[(int)length];
        _io.Read(text);
        if (!Sexp.IsList(text))
        {
            throw new StreamError(StreamFault.BadBody, "the Xenops record is not an s-expression");
        }
    }

    /// <summary>A guest without an emulator has no use for such state; the image stays readable.</summary>
    private void SkipEmulatorState(ImageRecord type, ulong length)
    {
        if (length > StreamLimits.MaxEmulatorRecord)
        {
            throw new StreamError(StreamFault.BadLength, $"{type} record over {nameof(StreamLimits.MaxEmulatorRecord)}");
        }

        _io.Read(new byte[(int)length]);
    }

    private static void RequireEmpty(ImageRecord type, ulong length)
    {
        if (length != 0)
        {
            throw new StreamError(StreamFault.BadLength, $"{type} record with a body");
        }
    }

    private static StreamError Unexpected(ImageRecord type) => type switch
    {
        ImageRecord.Libxc => new(StreamFault.Duplicate, "a second Libxc record"),
        ImageRecord.EndOfImage => new(StreamFault.MissingRecord, "the image ended without a Libxc record"),
        _ => new(StreamFault.UnknownRecord, $"image record 0x{(ulong)type:x4}"),
    };
}

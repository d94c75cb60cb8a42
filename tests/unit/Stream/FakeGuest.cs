using System.Net.Sockets;
using Toolstack.Interop.Linux;
using Toolstack.Tests.Interop;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Stream;

/// <summary>
/// A guest of a few frames in the middle of a larger mapping whose other frames must never change: a write outside the guest
/// shows. It records what the engines tell it and can write to its frames when they ask something.
/// </summary>
internal sealed class FakeGuest : IGuestMemory, IRestoreTarget, ISaveSource, IDisposable
{
    private const int Guard = 16;
    private readonly SharedMemory _memory;
    private readonly ulong[] _dirty;

    public FakeGuest(int pages)
    {
        PageCount = pages;
        _dirty = new ulong[(pages + 63) / 64];
        _memory = SharedMemory.Create("fake-guest", (pages + (2 * Guard)) * 4096L);
        _memory.Bytes(0, Guard * 4096).Fill(0xA5);
        _memory.Bytes((Guard + pages) * 4096L, Guard * 4096).Fill(0xA5);
    }

    public long PageCount { get; }

    public GuestType Type { get; init; } = GuestType.Hvm;

    /// <summary>Types of frames that are no plain memory (nibble); those without data are not there.</summary>
    public Dictionary<ulong, byte> Types { get; } = [];

    public bool HasHoles { get; init; }

    public bool CanLogDirty { get; init; } = true;

    public int LeastZeroRun { get; init; } = 1;

    /// <summary>Entries of PAGE_DATA, in the order in which they were announced.</summary>
    public List<ulong> Populated { get; } = [];

    public PvTable? Table { get; set; }

    public PvState? Pv { get; init; }

    public bool Suspended { get; private set; }

    /// <summary>Frames before this one were never written.</summary>
    public long FirstPopulated { get; init; }

    public bool FreshFramesAreZero { get; init; } = true;

    public IGuestMemory Memory => this;

    public string VmDescription => "((id x))";

    public StaticState? Static { get; set; }

    public DynamicState? Dynamic { get; set; }

    public bool LogDirty { get; private set; }

    /// <summary>Runs when the dirty bitmap is about to be taken: the guest's last chance to write.</summary>
    public Action? BeforeClean { get; set; }

    public bool GuardsIntact =>
        !_memory.Bytes(0, Guard * 4096).ContainsAnyExcept((byte)0xA5)
        && !_memory.Bytes((Guard + PageCount) * 4096L, Guard * 4096).ContainsAnyExcept((byte)0xA5);

    public Span<byte> Page(long gfn) => _memory.Bytes((Guard + gfn) * 4096, 4096);

    public void Write(long gfn, byte value)
    {
        Page(gfn).Fill(value);
        _dirty[gfn / 64] |= 1UL << (int)(gfn % 64);
    }

    public unsafe byte* Frames(long gfn, long count)
    {
        if (gfn < 0 || count < 0 || gfn + count > PageCount)
        {
            throw new InvalidOperationException($"frames {gfn}+{count} of {PageCount}");
        }

        return _memory.Pointer + ((Guard + gfn) * 4096);
    }

    public (long Start, long End) NextPopulated(long gfn) => (Math.Max(gfn, FirstPopulated), PageCount);

    public unsafe void Fetch(ReadOnlySpan<ulong> gfns, Span<byte> types, byte** frames)
    {
        for (var i = 0; i < gfns.Length; i++)
        {
            types[i] = Types.GetValueOrDefault(gfns[i]);
            frames[i] = types[i] >= 0xD ? null : Frames((long)gfns[i], 1);
        }
    }

    public void Populate(ReadOnlySpan<ulong> entries) => Populated.AddRange(entries);

    public PvTable? GetTable() => Suspended || CanLogDirty ? Table : throw new InvalidOperationException("the guest still runs");

    public void SetTable(PvTable table) => Table = table;

    public bool Prepare(long gfn, long count)
    {
        if (gfn < 0 || count <= 0 || gfn + count > PageCount)
        {
            throw new InvalidOperationException($"frames {gfn}+{count} of {PageCount}");
        }

        return _memory.Populate((Guard + gfn) * 4096, count * 4096);
    }

    public void EnableLogDirty()
    {
        LogDirty = true;
        Array.Clear(_dirty);
    }

    public long CleanLogDirty(Span<ulong> bitmap)
    {
        BeforeClean?.Invoke();
        _dirty.CopyTo(bitmap);
        Array.Clear(_dirty);
        return bitmap.ToArray().Sum(w => (long)System.Numerics.BitOperations.PopCount(w));
    }

    public void DisableLogDirty() => LogDirty = false;

    public StaticState GetStaticState() => new(new byte[24], new byte[16]);

    public void Suspend() => Suspended = true;

    public DynamicState GetDynamicState() => new(HvmContext.Build(1, []), [new HvmParam(36, 8)], null) { Pv = Pv };

    public void SetStaticState(StaticState state) => Static = state;

    public void SetDynamicState(DynamicState state) => Dynamic = state;

    /// <summary>Restores from bytes that are followed by the end of the connection. They must fit a socket buffer.</summary>
    public RestoreStatistics Restore(byte[] image)
    {
        var (sender, receiver) = SocketPairs.Unix();
        using (receiver)
        {
            sender.SendBufferSize = 4 << 20;
            sender.Send(image);
            sender.Shutdown(SocketShutdown.Send);
            using (sender)
            {
                using SocketChannel channel = new(receiver, TimeSpan.FromSeconds(10));
                return RestoreEngine.Run(this, channel, new NoProgress(), CancellationToken.None);
            }
        }
    }

    /// <summary>Everything the save engine writes for this guest.</summary>
    public async Task<(byte[] Image, SaveStatistics Statistics)> SaveAsync(SaveOptions options, IProgress<double>? progress = null)
    {
        var (sender, receiver) = SocketPairs.Tcp();
        using (receiver)
        {
            var reading = Task.Run(async () =>
            {
                MemoryStream all = new();
                using NetworkStream stream = new(receiver);
                await stream.CopyToAsync(all);
                return all.ToArray();
            });
            SaveStatistics statistics;
            using (sender)
            {
                using SocketChannel channel = new(sender, options.SilenceDeadline);
                statistics = SaveEngine.Run(this, channel, options, _ => Task.CompletedTask, progress ?? new NoProgress(), CancellationToken.None);
            }

            return (await reading, statistics);
        }
    }

    public void Dispose() => _memory.Dispose();

    private sealed class NoProgress : IProgress<double>
    {
        public void Report(double value)
        {
        }
    }
}

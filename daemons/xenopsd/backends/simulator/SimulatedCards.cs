using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>The state of a simulated domain's graphics cards as their emulator writes it. It says itself where it ends, as that of a real emulator does:
/// count u32, then for each card the length of its name and of its state, u32 both, the name and the state; little-endian.</summary>
internal static class SimulatedCards
{
    private const int MaxCards = 16;
    private const int MaxName = 64;
    private const int MaxState = 1 << 20;

    internal static void Write(ImmutableArray<VgpuInfo> cards, IDataChannel io)
    {
        WriteNumber(io, cards.Length);
        foreach (var card in cards)
        {
            byte[] name = Encoding.UTF8.GetBytes(card.device);
            byte[] state = Convert.FromHexString(card.state);
            WriteNumber(io, name.Length);
            WriteNumber(io, state.Length);
            io.Write(name);
            io.Write(state);
        }
    }

    /// <summary>Raises <see cref="StreamError"/> TooMany or BadLength.</summary>
    internal static ImmutableArray<VgpuInfo> Read(IDataChannel io)
    {
        int count = ReadNumber(io);
        if (count is < 0 or > MaxCards)
        {
            throw new StreamError(StreamFault.TooMany, $"{count} graphics cards, over {MaxCards}");
        }

        var cards = ImmutableArray.CreateBuilder<VgpuInfo>(count);
        for (int i = 0; i < count; i++)
        {
            var (name, state) = (ReadNumber(io), ReadNumber(io));
            if (name is < 0 or > MaxName || state is < 0 or > MaxState)
            {
                throw new StreamError(StreamFault.BadLength, $"a graphics card with a name of {name} and a state of {state} bytes");
            }

            cards.Add(new VgpuInfo { device = Encoding.UTF8.GetString(ReadBytes(io, name)), state = Convert.ToHexStringLower(ReadBytes(io, state)) });
        }

        return cards.MoveToImmutable();
    }

    private static void WriteNumber(IDataChannel io, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        io.Write(bytes);
    }

    private static int ReadNumber(IDataChannel io) => BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(io, sizeof(int)));

    private static byte[] ReadBytes(IDataChannel io, int length)
    {
        byte[] bytes = new byte[length];
        io.Read(bytes);
        return bytes;
    }
}

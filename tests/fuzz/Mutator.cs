namespace Toolstack.Tests.Fuzz;

/// <summary>Damages a valid document in the ways that find parser bugs: flipped, dropped, doubled and swapped bytes, and extreme numbers.
/// The same seed gives the same damage, so a failure can be run again.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly byte[] Extremes = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, (byte)'<', (byte)'&', (byte)'"', (byte)'{'];

    private readonly Random random = new(seed);

    internal byte[] Mutate(byte[] valid)
    {
        var bytes = new List<byte>(valid);
        for (var change = random.Next(1, 6); change > 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            var length = random.Next(1, Math.Min(16, bytes.Count - at) + 1);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = Extremes[random.Next(Extremes.Length)]; break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default: bytes.InsertRange(at, Enumerable.Repeat(bytes[at], random.Next(1, 2000))); break;
            }
        }

        return [.. bytes];
    }
}

using System.Collections.Immutable;
using System.Text;
using Toolstack.Idl;

namespace Toolstack.Tests.Idl;

/// <summary>Values and documents from a seed, so that a failure can be repeated.</summary>
internal sealed class RandomValues(int seed)
{
    private static readonly string[] Pieces = ["a", "<", ">", "&", "\"", "'", "\t", "\n", " ", "\u00e9", "\u4e2d", "\U0001f600", "]]>", "--", "]"];

    private readonly Random random = new(seed);

    public int Next(int bound) => random.Next(bound);

    public string Text()
    {
        StringBuilder text = new();
        for (int i = random.Next(8); i > 0; i--)
        {
            text.Append(Pieces[random.Next(Pieces.Length)]);
        }

        return text.ToString();
    }

    /// <summary>A value of kinds that every encoding keeps apart: text, booleans, floats with a fraction, sets and maps; integers if asked for.</summary>
    public Value Value(bool integers, int depth = 0) => random.Next(depth > 4 ? 3 : integers ? 6 : 5) switch
    {
        0 => new Value.Text(Text()),
        1 => new Value.Bool(random.Next(2) == 0),
        2 => new Value.Float(random.Next(1000) + 0.5),
        3 => new Value.Array([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(integers, depth + 1))]),
        4 => new Value.Struct([.. Enumerable.Range(0, random.Next(4)).Select(i => new KeyValuePair<string, Value>(i + Text(), Value(integers, depth + 1)))]),
        _ => new Value.Int(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)),
    };

    /// <summary>Values are compared by their structure: collections inside records compare by identity.</summary>
    public static string Show(Value value) => value switch
    {
        Value.Array a => "[" + string.Join(",", a.Items.Select(Show)) + "]",
        Value.Struct s => "{" + string.Join(",", s.Members.Select(m => m.Key + "=" + Show(m.Value))) + "}",
        _ => value.ToString(),
    };
}

using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Stream;

public class StreamPartsTests
{
    [Fact]
    public void A_context_comes_back_entry_by_entry()
    {
        HvmContextEntry[] entries = [new(2, 0, new byte[] { 1, 2, 3 }), new(2, 1, Array.Empty<byte>()), new(0x5343, 7, new byte[100])];
        var parsed = HvmContext.Parse(HvmContext.Build(5, entries));
        Assert.Equal(entries.Length, parsed.Count);
        for (var i = 0; i < entries.Length; i++)
        {
            Assert.Equal((entries[i].Type, entries[i].Instance), (parsed[i].Type, parsed[i].Instance));
            Assert.Equal(entries[i].Data.ToArray(), parsed[i].Data.ToArray());
        }
    }

    [Fact]
    public void A_context_is_framed_by_header_and_end()
    {
        var blob = HvmContext.Build(0x01020304, []);
        byte[] expected =
        [
            1, 0, 0, 0, 24, 0, 0, 0, 0x86, 0x12, 0x38, 0x54, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1,
            0, 0, 0, 0, 0, 0, 0, 0,
        ];
        Assert.Equal(expected, blob);
    }

    [Fact]
    public void Any_cut_or_growth_of_a_context_is_refused()
    {
        var blob = HvmContext.Build(5, [new(2, 0, new byte[] { 1, 2, 3 })]);
        for (var length = 0; length < blob.Length; length++)
        {
            var cut = blob[..length];
            Assert.Equal(StreamFault.BadBody, Assert.Throws<StreamError>(() => HvmContext.Parse(cut)).Fault);
        }

        Assert.Throws<StreamError>(() => HvmContext.Parse((byte[])[.. blob, 0]));
    }

    [Theory]
    [InlineData("()", true)]
    [InlineData(" ((a b)(c \"x ) \\\" y\"))\n", true)]
    [InlineData("", false)]
    [InlineData("a", false)]
    [InlineData("(", false)]
    [InlineData("())", false)]
    [InlineData("()()", false)]
    [InlineData("(\")", false)]
    [InlineData(")(", false)]
    [InlineData("(a) b", false)]
    public void An_s_expression_is_one_balanced_list(string text, bool good) =>
        Assert.Equal(good, Sexp.IsList(System.Text.Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("plain-1.2", "plain-1.2")]
    [InlineData("", "\"\"")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("a\"b\\c\n", "\"a\\\"b\\\\c\\n\"")]
    [InlineData("\u0001", "\"\\001\"")]
    public void Atoms_are_quoted_where_they_must_be(string atom, string quoted) => Assert.Equal(quoted, Sexp.Quote(atom));

    [Fact]
    public void Depth_is_bounded() => Assert.False(Sexp.IsList(System.Text.Encoding.UTF8.GetBytes(new string('(', 100) + new string(')', 100))));
}

using Toolstack.Idl;
using Xunit;

namespace Toolstack.Tests.Database;

public sealed class ColumnTextTests
{
    [Fact]
    public void Every_field_of_a_row_comes_back_from_its_text()
    {
        box row = box.New("a") with { tags = ["", "it's", "back\\slash", "(')"], weight = -5 };
        foreach (XenField field in box.Info.Fields)
        {
            XenObject back = ColumnText.Decode(field, new box(), ColumnText.Encode(field, row));
            Assert.Equal(ColumnText.Encode(field, row), ColumnText.Encode(field, back));
        }

        Assert.Equal(@"('' 'it\'s' 'back\\slash' '(\')')", ColumnText.Encode(box.Info.Field("tags")!, row));
        Assert.Equal("()", ColumnText.Encode(box.Info.Field("other_config")!, row));
    }

    [Theory]
    [InlineData("")]
    [InlineData("(")]
    [InlineData("('a)")]
    [InlineData("('a') x")]
    [InlineData("(a)")]
    public void What_is_no_set_is_refused(string text) =>
        Assert.Throws<ValueFormatException>(() => ColumnText.Decode(box.Info.Field("tags")!, new box(), text));
}

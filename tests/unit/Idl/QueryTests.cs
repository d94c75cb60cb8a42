using Toolstack.Idl;
using Xunit;

namespace Toolstack.Tests.Idl;

public class QueryTests
{
    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("field \"name__label\"=\"one\"", true)]
    [InlineData(" ( field\t\"name__label\" = \"two\" ) ", false)]
    [InlineData("\"one\"=field \"name__label\"", true)]
    [InlineData("(field \"name__label\"=\"one\") and (field \"_ref\"=\"OpaqueRef:1\")", true)]
    [InlineData("true or false and false", false)]
    [InlineData("true or (false and false)", true)]
    [InlineData("not false and false", true)]
    [InlineData("(not false) and false", false)]
    [InlineData("true and not false or true", false)]
    public void Is_evaluated_as_the_language_says(string text, bool expected) =>
        Assert.Equal(expected, Query.Parse(text).Matches(c => c switch { "name__label" => "one", "_ref" => "OpaqueRef:1", _ => throw new ValueFormatException(c) }));

    [Theory]
    [InlineData("")]
    [InlineData("maybe")]
    [InlineData("trueish")]
    [InlineData("field name=\"x\"")]
    [InlineData("\"a\"")]
    [InlineData("\"a\"=\"b")]
    [InlineData("(true")]
    [InlineData("true)")]
    [InlineData("true and")]
    public void What_is_no_query_is_an_invalid_value(string text)
    {
        XenApiError error = Assert.Throws<XenApiError>(() => Query.Parse(text));
        Assert.Equal("INVALID_VALUE", error.Code);
        Assert.Equal(text, error.Parameters[0]);
        Assert.Equal(2, error.Parameters.Length);
    }

    [Fact]
    public void Depth_and_length_are_bounded()
    {
        Assert.Throws<XenApiError>(() => Query.Parse(string.Concat(Enumerable.Repeat("not ", 100_000)) + "true"));
        Assert.Throws<XenApiError>(() => Query.Parse(new string('(', 100_000)));
        Assert.Throws<XenApiError>(() => Query.Parse("true" + string.Concat(Enumerable.Repeat(" and true", 100_000))));
        Assert.True(Query.Parse("true" + string.Concat(Enumerable.Repeat(" and true", 1000))).Matches(c => c));
    }
}

namespace Toolstack.Idl;

/// <summary>
/// An expression of get_all_where and get_all_records_where: comparisons of columns' texts joined by <c>and</c> and <c>or</c>, which bind alike
/// and to the left; <c>not</c> takes all that follows it. Values are <c>"text"</c>, without escapes, or <c>field "column"</c>.
/// </summary>
public sealed class Query
{
    private readonly Func<Func<string, string>, bool> matches;

    private Query(Func<Func<string, string>, bool> matches) => this.matches = matches;

    /// <exception cref="XenApiError">INVALID_VALUE with the text and what is wrong with it.</exception>
    public static Query Parse(string text)
    {
        try
        {
            return new Query(new QueryParser(text).Whole());
        }
        catch (ValueFormatException e)
        {
            throw new XenApiError("INVALID_VALUE", text, e.Message);
        }
    }

    /// <summary>Whether a row matches. <paramref name="column"/> gives the text of a column; what it throws for an unknown one passes through.</summary>
    public bool Matches(Func<string, string> column) => matches(column);
}

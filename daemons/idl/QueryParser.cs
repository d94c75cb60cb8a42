namespace Toolstack.Idl;

/// <summary>Reads the query language; ValueFormatException with the place for what is none of it.</summary>
internal ref struct QueryParser
{
    /// <summary>Parentheses and <c>not</c> inside each other.</summary>
    private const int MaxDepth = 64;

    /// <summary>Terms joined in one expression; each is a call deeper when rows are matched.</summary>
    private const int MaxTerms = 1024;

    private readonly ReadOnlySpan<char> text;
    private int position;
    private int depth;
    private int terms;

    public QueryParser(string text) => this.text = text;

    public Func<Func<string, string>, bool> Whole()
    {
        Func<Func<string, string>, bool> expression = Expression();
        SkipSpace();
        return position == text.Length ? expression : throw Error("expected the end");
    }

    private Func<Func<string, string>, bool> Expression()
    {
        if (++depth > MaxDepth)
        {
            throw Error($"nesting over {nameof(MaxDepth)} ({MaxDepth})");
        }

        Func<Func<string, string>, bool> expression = Word("not") ? Negated() : Joined(Term());
        depth--;
        return expression;
    }

    private Func<Func<string, string>, bool> Negated()
    {
        Func<Func<string, string>, bool> operand = Expression();
        return column => !operand(column);
    }

    private Func<Func<string, string>, bool> Joined(Func<Func<string, string>, bool> left)
    {
        while (true)
        {
            bool and = Word("and");
            if (!and && !Word("or"))
            {
                return left;
            }

            Func<Func<string, string>, bool> a = left;
            Func<Func<string, string>, bool> b = Word("not") ? Negated() : Term();
            left = and ? column => a(column) && b(column) : column => a(column) || b(column);
        }
    }

    private Func<Func<string, string>, bool> Term()
    {
        if (++terms > MaxTerms)
        {
            throw Error($"terms over {nameof(MaxTerms)} ({MaxTerms})");
        }

        if (Word("true"))
        {
            return static _ => true;
        }

        if (Word("false"))
        {
            return static _ => false;
        }

        if (Symbol('('))
        {
            Func<Func<string, string>, bool> inner = Expression();
            return Symbol(')') ? inner : throw Error("expected ')'");
        }

        Func<Func<string, string>, string> a = Operand();
        if (!Symbol('='))
        {
            throw Error("expected '='");
        }

        Func<Func<string, string>, string> b = Operand();
        return column => string.Equals(a(column), b(column), StringComparison.Ordinal);
    }

    private Func<Func<string, string>, string> Operand()
    {
        bool field = Word("field");
        string content = Quoted();
        return field ? column => column(content) : _ => content;
    }

    private string Quoted()
    {
        if (!Symbol('"'))
        {
            throw Error("expected a text between quotes");
        }

        int length = text[position..].IndexOf('"');
        if (length < 0)
        {
            throw Error("unfinished text");
        }

        string content = text.Slice(position, length).ToString();
        position += length + 1;
        return content;
    }

    private bool Word(string word)
    {
        SkipSpace();
        if (!text[position..].StartsWith(word, StringComparison.Ordinal) || (position + word.Length < text.Length && char.IsLetterOrDigit(text[position + word.Length])))
        {
            return false;
        }

        position += word.Length;
        return true;
    }

    private bool Symbol(char symbol)
    {
        SkipSpace();
        if (position == text.Length || text[position] != symbol)
        {
            return false;
        }

        position++;
        return true;
    }

    private void SkipSpace()
    {
        while (position < text.Length && text[position] is (' ' or '\t' or '\n'))
        {
            position++;
        }
    }

    private readonly ValueFormatException Error(string problem) => new($"{problem} at character {position}");
}

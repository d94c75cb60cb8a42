using System.Globalization;

namespace Toolstack.Hosting;

/// <summary>One key of a daemon's configuration file: its name, what it means, its default as text, and how a value is read.
/// Keys are declared once as static fields and serve as handles for <see cref="Configuration.Get{T}"/>.</summary>
public abstract class ConfigKey
{
    private protected ConfigKey(string name, string defaultText, string help, IReadOnlyList<string> aliases)
    {
        Name = name;
        DefaultText = defaultText;
        Help = help;
        Aliases = aliases;
    }

    /// <summary>The key as written in the file.</summary>
    public string Name { get; }

    /// <summary>One sentence for <c>--help</c>.</summary>
    public string Help { get; }

    /// <summary>The default, written as it would be in the file.</summary>
    public string DefaultText { get; }

    /// <summary>Other names accepted for the same key.</summary>
    public IReadOnlyList<string> Aliases { get; }

    internal abstract object DefaultValue { get; }

    /// <summary>What a value may be, to complete the sentence "allowed is ...".</summary>
    internal abstract string Allowed { get; }

    internal abstract bool TryRead(string text, out object value);

    /// <summary>Any text.</summary>
    public static ConfigKey<string> Text(string name, string defaultValue, string help) =>
        new(name, defaultValue, defaultValue, help, "any text", text => (true, text));

    /// <summary>A path of a file, socket or directory; empty is refused.</summary>
    public static ConfigKey<string> FilePath(string name, string defaultValue, string help, params string[] aliases) =>
        new(name, defaultValue, defaultValue, help, "a path", text => (text.Length > 0 && !text.Contains('\0'), text), aliases);

    /// <summary>An address of the form http://host:port/path; empty by default, and allowed to be.</summary>
    public static ConfigKey<string> HttpUrl(string name, string help) =>
        new(name, "", "", help, "an http:// address or nothing", text => (text.Length == 0 || CollectorUrl.Parse(text) is not null, text));

    /// <summary>One word of a fixed set.</summary>
    public static ConfigKey<string> Choice(string name, string defaultValue, IReadOnlyList<string> allowed, string help) =>
        new(name, defaultValue, defaultValue, help, "one of " + string.Join(", ", allowed), text => (allowed.Contains(text), text));

    /// <summary>A whole number between <paramref name="min"/> and <paramref name="max"/>, both included.</summary>
    public static ConfigKey<long> Integer(string name, long defaultValue, long min, long max, string help) =>
        new(name, defaultValue, Format(defaultValue), help, $"a whole number from {Format(min)} to {Format(max)}", text =>
            (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= min && number <= max, number));

    /// <summary>true or false (also yes/no, on/off, 1/0).</summary>
    public static ConfigKey<bool> Flag(string name, bool defaultValue, string help) =>
        new(name, defaultValue, defaultValue ? "true" : "false", help, "true or false", text => text switch
        {
            "true" or "yes" or "on" or "1" => (true, true),
            "false" or "no" or "off" or "0" => (true, false),
            _ => (false, false),
        });

    /// <summary>A duration in seconds, fractions allowed, from <paramref name="min"/> (default 0) to <paramref name="max"/> (default a day).</summary>
    public static ConfigKey<TimeSpan> Seconds(string name, TimeSpan defaultValue, string help, TimeSpan? min = null, TimeSpan? max = null)
    {
        var (low, high) = (min ?? TimeSpan.Zero, max ?? TimeSpan.FromDays(1));
        return new(name, defaultValue, Format(defaultValue), help, $"a number of seconds from {Format(low)} to {Format(high)}", text =>
        {
            var parsed = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds);
            return parsed && seconds >= low.TotalSeconds && seconds <= high.TotalSeconds
                ? (true, TimeSpan.FromSeconds(seconds))
                : (false, default);
        });
    }

    /// <summary>Words separated by commas or blanks; may be empty.</summary>
    public static ConfigKey<IReadOnlyList<string>> List(string name, IReadOnlyList<string> defaultValue, string help) =>
        new(name, defaultValue, string.Join(',', defaultValue), help, "words separated by commas", text =>
            (true, text.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries)));

    private static string Format(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Format(TimeSpan duration) => duration.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture);
}

/// <summary>A <see cref="ConfigKey"/> whose values are of type <typeparamref name="T"/>. Made by the factories of <see cref="ConfigKey"/>.</summary>
public sealed class ConfigKey<T> : ConfigKey
    where T : notnull
{
    private readonly Func<string, (bool Ok, T Value)> read;

    internal ConfigKey(string name, T defaultValue, string defaultText, string help, string allowed,
        Func<string, (bool Ok, T Value)> read, params string[] aliases)
        : base(name, defaultText, help, aliases)
    {
        Default = defaultValue;
        Allowed = allowed;
        this.read = read;
    }

    /// <summary>The value when the file does not set the key.</summary>
    public T Default { get; }

    internal override object DefaultValue => Default;

    internal override string Allowed { get; }

    internal override bool TryRead(string text, out object value)
    {
        var (ok, result) = read(text);
        value = result;
        return ok;
    }
}

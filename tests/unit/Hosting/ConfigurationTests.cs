using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class ConfigurationTests
{
    private static readonly ConfigKey<string> Text = ConfigKey.Text("text", "none", "A text.");
    private static readonly ConfigKey<string> Socket = ConfigKey.FilePath("switch-path", "/run/sock", "A path.", "path");
    private static readonly ConfigKey<long> Number = ConfigKey.Integer("number", 5, 1, 10, "A number.");
    private static readonly ConfigKey<bool> Flag = ConfigKey.Flag("flag", false, "A flag.");
    private static readonly ConfigKey<TimeSpan> Wait = ConfigKey.Seconds("wait", TimeSpan.FromSeconds(1), "A time.", max: TimeSpan.FromSeconds(60));
    private static readonly ConfigKey<IReadOnlyList<string>> Words = ConfigKey.List("words", ["a", "b"], "Words.");
    private static readonly IReadOnlyList<ConfigKey> Keys = [Text, Socket, Number, Flag, Wait, Words];

    [Theory]
    [InlineData("text = hello world", "hello world")]
    [InlineData("  text=hello  ", "hello")]
    [InlineData("text = hello # a comment", "hello")]
    [InlineData("text = \"a # b \" # a comment", "a # b ")]
    [InlineData("text = 'a = \"b\"'", "a = \"b\"")]
    [InlineData("text =", "")]
    [InlineData("# text = hidden", "none")]
    [InlineData("text = first\ntext = last", "last")]
    public void A_text_is_read(string file, string expected) => Assert.Equal(expected, Parse(file).Get(Text));

    [Fact]
    public void Every_type_is_read()
    {
        var configuration = Parse("number = 10\nflag = yes\nwait = 2.5\nwords = x, y z\npath = /tmp/s");
        Assert.Equal(10, configuration.Get(Number));
        Assert.True(configuration.Get(Flag));
        Assert.Equal(TimeSpan.FromSeconds(2.5), configuration.Get(Wait));
        Assert.Equal(["x", "y", "z"], configuration.Get(Words));
        Assert.Equal("/tmp/s", configuration.Get(Socket));
    }

    [Fact]
    public void Defaults_stand_when_nothing_is_set()
    {
        var configuration = Parse("\n\n# nothing\n");
        Assert.Equal(5, configuration.Get(Number));
        Assert.Equal(["a", "b"], configuration.Get(Words));
        Assert.Empty(configuration.Warnings);
    }

    [Theory]
    [InlineData("number = 11", "test.conf:1", "1 to 10")]
    [InlineData("\nnumber = ten", "test.conf:2", "1 to 10")]
    [InlineData("flag = perhaps", "test.conf:1", "true or false")]
    [InlineData("wait = 61", "test.conf:1", "0 to 60")]
    [InlineData("wait = -1", "test.conf:1", "seconds")]
    [InlineData("switch-path =", "test.conf:1", "a path")]
    [InlineData("nonsense", "test.conf:1", "key = value")]
    [InlineData("= 5", "test.conf:1", "key = value")]
    [InlineData("text = 'open", "test.conf:1", "quotes")]
    [InlineData("text = 'a' b", "test.conf:1", "quotes")]
    public void A_wrong_line_is_named_with_what_is_allowed(string file, string place, string allowed)
    {
        var error = Assert.Throws<ConfigurationException>(() => Parse(file));
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        Assert.Contains(allowed, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_is_a_warning_with_its_line()
    {
        var warning = Assert.Single(Parse("number = 2\nstranger = 1").Warnings);
        Assert.Contains("test.conf:2", warning, StringComparison.Ordinal);
        Assert.Contains("stranger", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_was_not_declared_cannot_be_read() =>
        Assert.Throws<ArgumentException>(() => Parse("").Get(ConfigKey.Text("other", "", "Other.")));

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<ConfigurationException>(() => Configuration.Load("/nonexistent/x.conf", Keys));
        Assert.Contains("/nonexistent/x.conf", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_names_every_key_its_default_and_what_is_allowed()
    {
        var text = HelpText.Write(new DaemonDescription("tool", "does things", Keys), Keys);
        Assert.Contains("tool - does things", text, StringComparison.Ordinal);
        Assert.Contains("switch-path, path (default: /run/sock)", text, StringComparison.Ordinal);
        Assert.All(Keys, key => Assert.Contains(key.Help, text, StringComparison.Ordinal));
    }

    [Fact]
    public void Help_names_what_else_the_executable_does()
    {
        var text = HelpText.Write(new DaemonDescription("tool", "does things", []) { Modes = [("--count", "Count and exit.")] }, []);
        Assert.Contains("tool --help[=man|=man5|=conf] | --version | --count\n", text, StringComparison.Ordinal);
        Assert.Contains("    --count\n        Count and exit.\n", text, StringComparison.Ordinal);
    }

    private static Configuration Parse(string file) => Configuration.Parse("test.conf", file.Split('\n'), Keys);
}

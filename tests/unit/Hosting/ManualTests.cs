using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

/// <summary>What a daemon prints about itself in its several forms comes from one description.</summary>
public sealed class ManualTests
{
    private static readonly IReadOnlyList<ConfigKey> Keys =
    [
        ConfigKey.Integer("number", 7, 1, 10, "A number."),
        ConfigKey.Text("words", "a # b", "Words that need quotes."),
        ConfigKey.Text("nothing", "", "Empty."),
        ConfigKey.FilePath("switch-path", "/run/sock", "A path.", "path"),
    ];

    private static readonly DaemonDescription Tool = new("tool", "does things", Keys)
    {
        Sections =
        [
            new ManualSection("FILES") { Entries = [("/etc/tool.conf", "Configuration.")] },
            new ManualSection("DESCRIPTION", "Does one thing.", "-And another."),
        ],
        SeeAlso = ["other(8)"],
    };

    [Fact]
    public void The_description_comes_before_the_options_and_the_files_after_the_keys()
    {
        var text = HelpText.Write(Tool, Keys);
        string[] order = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "CONFIGURATION", "FILES", "SIGNALS", "EXIT STATUS", "SEE ALSO"];
        Assert.Equal(order, text.Split('\n').Where(line => line.Length > 0 && !line.StartsWith(' ')));
    }

    [Fact]
    public void The_manual_page_holds_the_same_in_roff()
    {
        var page = ManualPage.Write(Tool, Keys);
        Assert.StartsWith(".TH TOOL 8 ", page, StringComparison.Ordinal);
        Assert.Contains("\n.TP\n\\fBswitch\\-path, path (default: /run/sock)\\fR\nA path. Allowed is a path.\n", page, StringComparison.Ordinal);
        Assert.Contains("\n.SH DESCRIPTION\nDoes one thing.\n.PP\n\\-And another.\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_the_file_has_every_key()
    {
        var page = ManualPage.WriteOfFile(Tool, Keys);
        Assert.StartsWith(".TH TOOL.CONF 5 ", page, StringComparison.Ordinal);
        Assert.Equal(
            ["number (default: 7)", "words (default: a # b)", "nothing (default: empty)", "switch\\-path, path (default: /run/sock)"],
            page.Split('\n').Where(static line => line.StartsWith("\\fB", StringComparison.Ordinal)).Select(static line => line[3..^3]));
    }

    [Fact]
    public void The_template_is_a_file_that_changes_nothing()
    {
        var template = ConfigTemplate.Write(Tool, Keys).Split('\n');
        Assert.Equal(Keys.Select(key => $"{key.Name} ="), template.Where(line => line.Contains(" =", StringComparison.Ordinal))
            .Skip(1).Select(line => line[2..(line.IndexOf('=', StringComparison.Ordinal) + 1)]));
        var asItIs = Configuration.Parse("tool.conf", template, Keys);
        var uncommented = Configuration.Parse(
            "tool.conf", [.. template.Skip(1).Select(line => Keys.Any(key => line.StartsWith($"# {key.Name} =", StringComparison.Ordinal)) ? line[2..] : line)], Keys);
        Assert.Empty(asItIs.Warnings);
        Assert.All(Keys, key => Assert.Equal(key.DefaultText, uncommented.Setting(key).Text));
        Assert.All(Keys, key => Assert.StartsWith("tool.conf:", uncommented.Setting(key).Origin, StringComparison.Ordinal));
    }

    [Fact]
    public void The_effective_configuration_says_where_each_value_is_from_and_can_be_read_back()
    {
        var text = EffectiveConfig.Write(Configuration.Parse("a.conf", ["", "number = 9"], Keys), Keys);
        Assert.Contains("number = 9 ", text, StringComparison.Ordinal);
        Assert.Contains("  # a.conf:2\n", text, StringComparison.Ordinal);
        Assert.Contains("switch-path = /run/sock", text, StringComparison.Ordinal);
        var again = Configuration.Parse("b.conf", text.Split('\n'), Keys);
        Assert.Equal("9", again.Setting(Keys[0]).Text);
        Assert.All(Keys.Skip(1), key => Assert.Equal(key.DefaultText, again.Setting(key).Text));
    }
}

using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class LogLineTests
{
    private static readonly DateTime Time = new(2026, 11, 22, 21, 0, 0, 123, DateTimeKind.Utc);

    [Theory]
    [InlineData(LogLevel.Debug, "<7>", "debug")]
    [InlineData(LogLevel.Information, "<6>", "info")]
    [InlineData(LogLevel.Warning, "<4>", "warning")]
    [InlineData(LogLevel.Error, "<3>", "error")]
    [InlineData(LogLevel.Critical, "<2>", "critical")]
    public void Both_forms_carry_level_name_number_and_text(LogLevel level, string priority, string word)
    {
        Assert.Equal($"{priority}xapi[1001] text\n", Line(true, level, "text"));
        Assert.Equal($"2026-11-22T21:00:00.123Z {word} xapi[1001] text\n", Line(false, level, "text"));
    }

    [Theory]
    [InlineData("two\nlines", "two\\nlines")]
    [InlineData("<0>\r\tx", "<0>\\r\\tx")]
    [InlineData("back\\slash", "back\\\\slash")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("line\u2028separator", "line\\u2028separator")]
    [InlineData("größe ✓", "größe ✓")]
    public void A_text_stays_on_its_line(string text, string expected) =>
        Assert.Equal($"<6>xapi[1001] {expected}\n", Line(true, LogLevel.Information, text));

    [Fact]
    public void A_long_text_is_cut_between_characters_and_still_ends_its_line()
    {
        var line = Line(true, LogLevel.Information, string.Concat(Enumerable.Repeat("é", 5000)), 101);
        Assert.EndsWith("é...\n", line, StringComparison.Ordinal);
        Assert.True(Encoding.UTF8.GetByteCount(line) <= 101);
        Assert.DoesNotContain('\ufffd', line);
    }

    [Fact]
    public void A_warning_names_its_exception_and_an_error_says_where_it_came_from()
    {
        Assert.EndsWith("text: IOException: no\\nway\n", Line(true, LogLevel.Warning, "text", error: new IOException("no\nway")), StringComparison.Ordinal);
        Assert.Contains("System.IO.IOException: no way", Line(true, LogLevel.Error, "text", error: new IOException("no way")), StringComparison.Ordinal);
    }

    private static string Line(bool journal, LogLevel level, string text, int room = 4096, Exception? error = null)
    {
        var buffer = new byte[room];
        return Encoding.UTF8.GetString(buffer, 0, LogLine.Write(buffer, journal, Time, new LogEvent(level, "xapi", 1001, text, error)));
    }
}

using System.Text;
using Toolstack.Hosting;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>Numbers and names of the original protocol, and who may connect.</summary>
public sealed class CompatParsingTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("+7", 7)]
    [InlineData("1_000", 1000)]
    [InlineData("0x1F", 31)]
    [InlineData("-0x1f", -31)]
    [InlineData("0o17", 15)]
    [InlineData("0b101", 5)]
    [InlineData("0u18446744073709551615", -1)]
    [InlineData("0xffffffffffffffff", -1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    public void Integers_are_read_as_the_original_reads_them(string text, long expected) => Assert.Equal(expected, OcamlNumbers.Int64(text));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("_1")]
    [InlineData("0x")]
    [InlineData("12a")]
    [InlineData("9223372036854775808")]
    [InlineData("0x10000000000000000")]
    public void What_is_no_integer_is_refused(string text) => Assert.Throws<FormatException>(() => OcamlNumbers.Int64(text));

    [Theory]
    [InlineData("5", 5)]
    [InlineData("0.5", 0.5)]
    [InlineData("1e1", 10)]
    [InlineData("-3", 0)]
    [InlineData("NaN", 0)]
    [InlineData("1e300", 3600)]
    public void Times_are_bounded(string text, double seconds) => Assert.Equal(TimeSpan.FromSeconds(seconds), OcamlNumbers.Seconds(text));

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a%20b", "a b")]
    [InlineData("%41%4a%4A", "AJJ")]
    [InlineData("100%", "100%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz", "%zz")]
    [InlineData("%%41", "%A")]
    [InlineData("a+b", "a+b")]
    public void Percent_signs_that_code_nothing_stay(string text, string expected) =>
        Assert.Equal(expected, Encoding.ASCII.GetString(CompatParser.PercentDecode(Encoding.ASCII.GetBytes(text))));

    [Fact]
    public void Mode_and_owner_of_the_socket()
    {
        var access = SocketAccess.Parse("0660", "1:2");
        Assert.Equal((UnixFileMode)0b110_110_000, access.Mode);
        Assert.Equal((1u, 2u), (access.User, access.Group));
        Assert.Equal(SocketAccess.OwnerOnly, SocketAccess.Parse("600", ""));
        Assert.Equal(5u, SocketAccess.Parse("600", "5").User);
        Assert.Throws<ConfigurationException>(() => SocketAccess.Parse("0888", ""));
        Assert.Throws<ConfigurationException>(() => SocketAccess.Parse("7777", ""));
        Assert.Throws<ConfigurationException>(() => SocketAccess.Parse("0600", "root"));
        Assert.Throws<ConfigurationException>(() => SocketAccess.Parse("0600", "1:2:3"));
    }
}

using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class ActivatedSocketsTests
{
    [Theory]
    [InlineData("42", "2", "xapi:other", "xapi,other")]
    [InlineData("42", "2", "xapi", "xapi,unknown")]
    [InlineData("42", "1", null, "unknown")]
    [InlineData("43", "1", "xapi", "")] // meant for another process
    [InlineData(null, "1", "xapi", "")]
    [InlineData("42", null, "xapi", "")]
    [InlineData("42", "-1", "xapi", "")]
    [InlineData("42", "17", "xapi", "")] // more than MaxHandedSockets
    public void NamesBelongToTheDescriptorsInTheirOrder(string? pid, string? count, string? names, string expected) =>
        Assert.Equal(expected, string.Join(',', ActivatedSockets.Names(pid, count, names, 42)));
}

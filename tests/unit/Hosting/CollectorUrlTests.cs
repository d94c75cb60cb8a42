using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class CollectorUrlTests
{
    [Theory]
    [InlineData("http://127.0.0.1:4318", "127.0.0.1", 4318, "/v1/traces")]
    [InlineData("http://[::1]:4318/", "::1", 4318, "/v1/traces")]
    [InlineData("http://collector/otlp?tenant=a", "collector", 80, "/otlp?tenant=a")]
    public void AnAddressHasAHostAPortAndAPath(string text, string host, int port, string path)
    {
        var url = CollectorUrl.Parse(text)!;
        Assert.Equal((host, port, path), (url.Host.Trim('[', ']'), url.Port, url.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("collector:4318")]
    [InlineData("https://collector:4318")]
    [InlineData("http://me:secret@collector")]
    public void AnythingElseIsNone(string text) => Assert.Null(CollectorUrl.Parse(text));
}

using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Rules;

/// <summary>What the tests of single messages share: calls on the pool of their class, and what is refused with all of its words.</summary>
public abstract class RuleTests(PoolFixture fixture) : DeadlineTests
{
    protected const string NoRef = "OpaqueRef:NULL";

    protected XenApiClient Client => fixture.Client;

    protected Task<object> CallAsync(string method, params object[] arguments) => Client.CallAsync(method, Cancel, arguments);

    protected Task<string> TextAsync(string method, params object[] arguments) => Client.TextAsync(method, Cancel, arguments);

    protected async Task<string[]> TextsAsync(string method, params object[] arguments) => [.. ((object[])await CallAsync(method, arguments)).Cast<string>()];

    protected async Task FailsAsync(string[] description, string method, params object[] arguments)
    {
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => CallAsync(method, arguments));
        Assert.Equal(description, error.Description);
    }
}

using Xunit;

namespace Toolstack.Tests.Conformance;

/// <summary>The connector of Xen Orchestra (npm package <c>xen-api</c>), unmodified, over JSON-RPC; what depends on the encoding over XML-RPC too.</summary>
[Collection(nameof(ConformancePool))]
public sealed class XenOrchestraTests(ConformancePool pool, NodePackages packages) : IClassFixture<NodePackages>
{
    private static readonly Scenarios Connector = new("node", "xen-orchestra.mjs");

    public static TheoryData<string> Declared => [.. Connector.Declared()];

    [Theory]
    [MemberData(nameof(Declared))]
    public Task OverJsonRpc(string scenario) => RunAsync(scenario, "json-rpc");

    [Theory]
    [InlineData("every listed class is loaded")]
    [InlineData("a life cycle by tasks, seen by events alone")]
    [InlineData("a failed task rejects with its code")]
    [InlineData("a task of the client itself")]
    [InlineData("a token of event.inject loses nothing")]
    [InlineData("errors carry code and parameters")]
    [InlineData("text of every kind comes back as it was")]
    public Task OverXmlRpc(string scenario) => RunAsync(scenario, "xml-rpc");

    [Fact]
    public Task EveryScenarioIsRun()
    {
        packages.Require();
        return Connector.AssertDeclaredAsync(pool.Describe());
    }

    private Task RunAsync(string scenario, string transport)
    {
        packages.Require();
        return Connector.AssertAsync(scenario, new(pool.Describe()) { ["TRANSPORT"] = transport });
    }
}

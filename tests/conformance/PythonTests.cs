using Xunit;

namespace Toolstack.Tests.Conformance;

/// <summary>Clients on Python's standard library: <c>xmlrpc.client</c> as the published bindings use it, and bare HTTP.</summary>
[Collection(nameof(ConformancePool))]
public sealed class PythonTests(ConformancePool pool)
{
    private const string Interpreter = "python3";

    private static readonly Scenarios Client = new(Interpreter, "python_client.py");

    public static TheoryData<string> Declared => [.. Client.Declared()];

    [Theory]
    [MemberData(nameof(Declared))]
    public async Task Scenario(string name)
    {
        await RequireAsync();
        await Client.AssertAsync(name, pool.Describe());
    }

    [Fact]
    public async Task EveryScenarioIsRun()
    {
        await RequireAsync();
        await Client.AssertDeclaredAsync(pool.Describe());
    }

    private static async Task RequireAsync() =>
        Assert.SkipUnless(await ClientProgram.ExistsAsync(Interpreter), $"{Interpreter} is not installed");
}

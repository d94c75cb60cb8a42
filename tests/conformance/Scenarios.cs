using System.Text.RegularExpressions;
using Xunit;

namespace Toolstack.Tests.Conformance;

/// <summary>A client program with named scenarios, one a run: <c>program NAME</c>, or <c>program --list</c>.</summary>
internal sealed partial class Scenarios(string interpreter, string script)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The names as the script declares them, read without its interpreter, so that they are tests where it is missing too.</summary>
    internal IEnumerable<string> Declared() =>
        Declaration().Matches(File.ReadAllText(Path.Combine(ClientProgram.Directory, script)))
            .Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value.Replace('_', ' '));

    /// <summary>Fails unless the scenario holds.</summary>
    internal async Task AssertAsync(string name, Dictionary<string, string> environment)
    {
        var outcome = await ClientProgram.RunAsync(interpreter, [script, name], environment, Patience);
        Assert.True(outcome.Status == 0, $"{script} \"{name}\": {(outcome.Status is { } status ? $"status {status}" : "no end")}\n{outcome.Output}");
    }

    /// <summary>Fails unless the program itself lists the same names.</summary>
    internal async Task AssertDeclaredAsync(Dictionary<string, string> environment)
    {
        var outcome = await ClientProgram.RunAsync(interpreter, [script, "--list"], environment, Patience);
        Assert.Equal(0, outcome.Status);
        Assert.Equal(outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), Declared());
    }

    [GeneratedRegex(@"^  async '(.+)'\(\) \{|^@scenario\ndef (\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}

using System.Text;
using Xunit;

namespace Toolstack.Tests.Generator;

/// <summary>Compares generated text with a kept one; on a difference the new text is written beside it, for a reader to judge and keep.</summary>
internal static class Golden
{
    public static void Check(string name, GeneratorRun run)
    {
        StringBuilder text = new();
        foreach ((string file, string content) in run.Files)
        {
            text.Append("// ==== ").Append(file).Append('\n').Append(content).Append('\n');
        }

        string verified = Path.Combine(Folder(), name + ".verified.txt");
        string expected = File.Exists(verified) ? File.ReadAllText(verified) : "";
        if (expected != text.ToString())
        {
            string received = Path.Combine(Folder(), name + ".received.txt");
            File.WriteAllText(received, text.ToString());
            Assert.Fail($"{verified} differs from {received}");
        }
    }

    /// <summary>The folder in the source tree: the kept texts are read and judged there, not where the tests were built.</summary>
    private static string Folder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Toolstack.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? throw new DirectoryNotFoundException("not below the source tree"), "tests", "unit", "Generator", "golden");
    }
}

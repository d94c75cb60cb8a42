using System.Text;

namespace Toolstack.Hosting;

/// <summary>The text of <c>--help=conf</c>: the configuration file that is shipped, every key commented out at its default.</summary>
internal static class ConfigTemplate
{
    internal static string Write(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        var text = new StringBuilder();
        text.Append("# ").Append(description.Name).Append("(8): one 'key = value' a line. What is commented out shows the default.\n");
        foreach (var key in keys)
        {
            text.Append("\n# ").Append(key.Help).Append(" Allowed is ").Append(key.Allowed).Append(".\n# ")
                .Append(EffectiveConfig.Line(key.Name, key.DefaultText)).Append('\n');
        }

        return text.ToString();
    }
}

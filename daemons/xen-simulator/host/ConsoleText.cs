using System.Text;

namespace Toolstack.XenSimulator.Host;

/// <summary>The last lines written on a console, up to <see cref="HostLimits.ConsoleCharacters"/>.</summary>
internal sealed class ConsoleText
{
    private readonly Lock sync = new();
    private readonly StringBuilder text = new();

    /// <summary>Raised after each line, with its end.</summary>
    public event Action<string>? Written;

    public void WriteLine(string line)
    {
        lock (sync)
        {
            text.Append(line).Append('\n');
            if (text.Length > HostLimits.ConsoleCharacters)
            {
                text.Remove(0, text.Length - (HostLimits.ConsoleCharacters / 2));
            }
        }

        Written?.Invoke(line + "\n");
    }

    public string Read()
    {
        lock (sync)
        {
            return text.ToString();
        }
    }
}

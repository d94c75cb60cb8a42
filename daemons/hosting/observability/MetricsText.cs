using System.Globalization;
using System.Text;

namespace Toolstack.Hosting;

/// <summary>A page of metrics in the text format of Prometheus (version 0.0.4).</summary>
public sealed class MetricsText
{
    internal const string ContentType = "text/plain; version=0.0.4";

    private readonly StringBuilder text = new();

    /// <summary>A number that only grows.</summary>
    public void Counter(string name, string help, double value) => One(name, "counter", help, value);

    /// <summary>A number that goes up and down.</summary>
    public void Gauge(string name, string help, double value) => One(name, "gauge", help, value);

    /// <summary>A counter for each value of a label.</summary>
    public void Counter(string name, string help, string label, IEnumerable<(string Label, double Value)> rows) =>
        Each(name, "counter", help, label, rows);

    /// <summary>A gauge for each value of a label.</summary>
    public void Gauge(string name, string help, string label, IEnumerable<(string Label, double Value)> rows) =>
        Each(name, "gauge", help, label, rows);

    public override string ToString() => text.ToString();

    private void One(string name, string type, string help, double value)
    {
        Head(name, type, help);
        text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    private void Each(string name, string type, string help, string label, IEnumerable<(string Label, double Value)> rows)
    {
        Head(name, type, help);
        foreach (var (key, value) in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}{{{label}=\"{Escaped(key)}\"}} {value}\n");
        }
    }

    private void Head(string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

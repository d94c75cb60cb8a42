using System.Globalization;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>What was measured of both sides, by name, in the order in which it came; the median of each is shown.</summary>
internal sealed class Figures
{
    private readonly List<string> order = [];
    private readonly Dictionary<string, (List<double> Own, List<double> Theirs)> values = [];

    public void AddOwn(string name, double milliseconds) => Add("xapi-toolstack", name, milliseconds, Of(name).Own);

    public void AddTheirs(string name, double milliseconds) => Add("xl", name, milliseconds, Of(name).Theirs);

    /// <summary>A line for each: milliseconds, and MB/s of a guest of that size where the name ends in a star.</summary>
    public void Print(int mib)
    {
        Line("", "xapi-toolstack", "xl, libxenguest", "ratio");
        foreach (var name in order)
        {
            var (own, theirs) = (Median(values[name].Own), Median(values[name].Theirs));
            Line(name.TrimEnd('*'), Text(own, mib, name), Text(theirs, mib, name), double.IsNaN(own) || double.IsNaN(theirs) ? "" : $"{theirs / own:0.00} x");
        }
    }

    /// <summary>A run takes minutes: what it has found so far is seen.</summary>
    private static void Add(string side, string name, double milliseconds, List<double> values)
    {
        values.Add(milliseconds);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {side}: {name.TrimEnd('*')} {milliseconds:0.0} ms"));
    }

    private static void Line(string name, string own, string theirs, string ratio) =>
        Console.WriteLine($"{name,-44} {own,24} {theirs,24} {ratio,8}");

    private static string Text(double milliseconds, int mib, string name) =>
        double.IsNaN(milliseconds) ? "-"
        : name.EndsWith('*') ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms {mib * 1.048576 / milliseconds * 1000,5:0} MB/s")
        : string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms");

    private static double Median(List<double> list) => list.Count == 0 ? double.NaN : list.Order().ElementAt(list.Count / 2);

    private (List<double> Own, List<double> Theirs) Of(string name)
    {
        if (!values.TryGetValue(name, out var found))
        {
            order.Add(name);
            values.Add(name, found = ([], []));
        }

        return found;
    }
}

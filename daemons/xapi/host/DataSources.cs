using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Hosts;

/// <summary>What is measured of a host or a VM, as XenAPI's records say it.</summary>
internal static class DataSources
{
    internal static data_source Make(string name, string text, string units, double most, double value) => new()
    {
        name_label = name, name_description = text, enabled = true, standard = true, units = units, min = 0, max = most, value = value,
    };

    internal static MessageResult Result(IReadOnlyList<data_source> sources) => new(w =>
    {
        w.BeginArray(sources.Count);
        foreach (data_source source in sources)
        {
            data_source.Info.WriteRecord(source, w);
        }

        w.EndArray();
    });

    /// <summary>Raises INVALID_VALUE [data_source; name] for one that is not there.</summary>
    internal static double Value(IReadOnlyList<data_source> sources, string name) =>
        sources.FirstOrDefault(s => s.name_label == name)?.value ?? throw new XenApiError("INVALID_VALUE", "data_source", name);
}

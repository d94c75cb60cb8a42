using System.Collections.Immutable;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>The part of a VM's record that is handed to its guest through xenstore.</summary>
public static class XsData
{
    /// <summary>The only directories a record may write to.</summary>
    private static readonly string[] Directories = ["vm-data/", "FIST/"];

    public static bool IsPermitted(string key) =>
        Directories.Any(d => key.StartsWith(d, StringComparison.Ordinal)) && StorePaths.IsName(key);

    public static IEnumerable<KeyValuePair<string, string>> Permitted(ImmutableSortedDictionary<string, string> data) =>
        data.Where(static pair => IsPermitted(pair.Key));
}

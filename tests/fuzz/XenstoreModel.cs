namespace Toolstack.Tests.Fuzz;

/// <summary>What xenstore is meant to be, said as simply as possible: nodes in one table, every request carried out alone. Answers are
/// those of the wire as text: type, payload with <c>|</c> for NUL.</summary>
internal sealed class XenstoreModel
{
    private readonly SortedDictionary<string, (string Value, string[] Permissions)> nodes = new(StringComparer.Ordinal) { ["/"] = ("", ["n0"]) };

    public IEnumerable<string> Paths => nodes.Keys;

    public string Call(int domid, int type, string path, string argument)
    {
        var access = type is 1 or 2 or 3 ? 'r' : 'w';
        var at = path;
        while (!nodes.ContainsKey(at))
        {
            at = Parent(at);
        }

        var allowed = May(domid, nodes[at].Permissions, access);
        if (!allowed)
        {
            return "16 EACCES|";
        }

        return at == path ? Existing(domid, type, path, argument) : Missing(domid, type, path, argument);
    }

    private string Existing(int domid, int type, string path, string argument)
    {
        var (value, permissions) = nodes[path];
        switch (type)
        {
            case 1:
                var below = path == "/" ? "/" : path + "/";
                return "1 " + string.Concat(nodes.Keys.Where(p => p.StartsWith(below, StringComparison.Ordinal) && p.Length > below.Length && !p[below.Length..].Contains('/')).Select(p => p[below.Length..] + "|"));
            case 2:
                return "2 " + value;
            case 3:
                return "3 " + string.Concat(permissions.Select(word => word + "|"));
            case 11:
                nodes[path] = (argument, permissions);
                break;
            case 13:
                foreach (var gone in nodes.Keys.Where(p => p == path || p.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
                {
                    nodes.Remove(gone);
                }

                break;
            case 14:
                var words = argument.Split('|', StringSplitOptions.RemoveEmptyEntries);
                if (domid != 0 && permissions[0][1..] != domid.ToString())
                {
                    return "16 EACCES|";
                }

                if (domid != 0 && words[0][1..] != permissions[0][1..])
                {
                    return "16 EPERM|";
                }

                nodes[path] = (value, words);
                break;
        }

        return $"{type} OK|";
    }

    private string Missing(int domid, int type, string path, string argument)
    {
        if (type is 11 or 12)
        {
            var parent = Parent(path);
            if (!nodes.ContainsKey(parent))
            {
                Missing(domid, 12, parent, "");
            }

            var permissions = nodes[parent].Permissions;
            nodes[path] = (type == 11 ? argument : "", domid == 0 ? permissions : [permissions[0][..1] + domid, .. permissions[1..]]);
            return $"{type} OK|";
        }

        return type == 13 && nodes.ContainsKey(Parent(path)) ? "13 OK|" : "16 ENOENT|";
    }

    private static bool May(int domid, string[] permissions, char access)
    {
        var word = permissions.Skip(1).FirstOrDefault(entry => entry[1..] == domid.ToString()) ?? permissions[0];
        return domid == 0 || permissions[0][1..] == domid.ToString() || word[0] == 'b' || word[0] == access;
    }

    private static string Parent(string path) => path.LastIndexOf('/') is var slash && slash > 0 ? path[..slash] : "/";
}

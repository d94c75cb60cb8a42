using Microsoft.AspNetCore.Http;

namespace Toolstack.Xapi.Http;

/// <summary>Which code serves which method and path: the longest registered prefix of the path wins. Filled before the listeners open.</summary>
public sealed class HttpRoutes
{
    private readonly List<Route> routes = [];

    private sealed record Route(string Method, string Prefix, Func<HttpContext, Task> Serve);

    public void Add(string method, string prefix, Func<HttpContext, Task> serve)
    {
        routes.Add(new Route(method, prefix, serve));
        routes.Sort(static (a, b) => b.Prefix.Length.CompareTo(a.Prefix.Length));
    }

    /// <summary>Null when no prefix matches.</summary>
    internal Func<HttpContext, Task>? Find(string method, string path)
    {
        foreach (Route route in routes)
        {
            if (route.Method == method && path.StartsWith(route.Prefix, StringComparison.Ordinal))
            {
                return route.Serve;
            }
        }

        return null;
    }
}

namespace Toolstack.EndToEnd.Pool;

/// <summary>The shell variables that describe a running pool, for <c>. out/pool/env</c>.</summary>
internal static class EnvironmentFile
{
    internal static void Write(string path, DevelopmentPool pool)
    {
        var lines = new List<string> { "XAPI_USER=" + DevelopmentPool.User, "XAPI_PASSWORD=" + pool.Password };
        foreach (var host in pool.Hosts)
        {
            lines.Add($"XAPI_URL_{host.Number}={host.Url}");
            lines.Add($"XAPI_SOCKET_{host.Number}={host.XapiSocket}");
            lines.Add($"SWITCH_SOCKET_{host.Number}={host.SwitchSocket}");
            lines.Add($"XAPI_PID_{host.Number}={host.Xapi.Pid}");
            lines.Add($"XENOPSD_PID_{host.Number}={host.Xenopsd.Pid}");
            lines.Add($"SIMULATOR_PID_{host.Number}={host.Simulator.Pid}");
            lines.Add($"SWITCH_PID_{host.Number}={host.Switch.Pid}");
        }

        var temporary = path + ".new";
        HostFiles.WritePrivate(temporary, string.Join('\n', lines) + "\n");
        File.Move(temporary, path, overwrite: true);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Where the scripts and images are, and where machines may write.</summary>
internal sealed record Places(string Scripts, string Images, string Staged, string Work)
{
    /// <summary>What both machines have at <see cref="TestMachine.Disks"/>.</summary>
    public string Shared => Path.Combine(Work, "disks");
}

/// <summary>
/// An emulated machine that runs Xen and, in its first domain, the toolstack. Disposing ends it and leaves nothing but its logs.
/// Raises <see cref="ScenarioFailure"/> when it does not come up or a command fails.
/// </summary>
internal sealed class TestMachine : IAsyncDisposable
{
    /// <summary>A directory that both machines have in common.</summary>
    public const string Disks = "/var/lib/disks";

    public const string User = "root";

    public const string Password = "test";

    private const string StatusLine = "status ";

    private readonly Process process;
    private readonly HttpClient runner;
    private readonly string directory;

    private TestMachine(string name, int number, int port, int runnerPort, string directory, Process process)
    {
        Name = name;
        Number = number;
        this.directory = directory;
        this.process = process;
        Url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        runner = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{runnerPort}/")), Timeout = Limits.Command };
    }

    public string Name { get; }

    /// <summary>1 or 2; its address on the link is 10.99.0.NUMBER.</summary>
    public int Number { get; }

    public string LinkAddress => $"10.99.0.{Number}";

    /// <summary>The toolstack's HTTP, from here.</summary>
    public Uri Url { get; }

    public bool IsAlive => !process.HasExited;

    /// <summary>The processor time that emulating it took so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.HasExited ? TimeSpan.Zero : process.TotalProcessorTime;
        }
    }

    /// <summary>Starts the machine; it is on the link to the other one at <paramref name="link"/>, a Unix socket that machine 1 makes.</summary>
    public static TestMachine Start(Places places, int number, string link)
    {
        string name = $"host{number}";
        string directory = Path.Combine(places.Work, name);
        Directory.CreateDirectory(directory);
        var (port, runnerPort) = (FreePort.Of(IPAddress.Loopback), FreePort.Of(IPAddress.Loopback));
        var start = new ProcessStartInfo("setpriv",
        [
            "--pdeathsig", "KILL", Path.Combine(places.Scripts, "run-machine"), places.Images, places.Staged, directory, name,
            port.ToString(CultureInfo.InvariantCulture), runnerPort.ToString(CultureInfo.InvariantCulture), number == 1 ? "first" : "second", link,
            places.Shared,
        ]);
        var process = Process.Start(start) ?? throw new ScenarioFailure("run-machine did not start");
        return new TestMachine(name, number, port, runnerPort, directory, process);
    }

    /// <summary>Waits until commands are taken.</summary>
    public async Task WaitReadyAsync(CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Limits.Boot);
        while (true)
        {
            ScenarioFailure.Unless(!process.HasExited, $"{Name} ended: {Console(Limits.LogLines)}");
            try
            {
                await RunAsync("true", deadline.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(Limits.Poll, deadline.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new ScenarioFailure($"{Name} is not up after {Limits.Boot.TotalSeconds:0} s: {Console(Limits.LogLines)}");
            }
        }
    }

    /// <summary>Runs a shell script in the first domain and gives what it printed; a status other than 0 is a failure.</summary>
    public async Task<string> RunAsync(string script, CancellationToken cancel)
    {
        using var content = new StringContent(script + "\n");
        using var response = await runner.PostAsync(new Uri("/cgi-bin/run", UriKind.Relative), content, cancel);
        string text = await response.Content.ReadAsStringAsync(cancel);
        int at = text.LastIndexOf(StatusLine, StringComparison.Ordinal);
        ScenarioFailure.Unless(response.IsSuccessStatusCode && at >= 0, $"{Name}: no answer to: {script}");
        string output = text[..at].TrimEnd('\n');
        return text[(at + StatusLine.Length)..].Trim() == "0" ? output : throw new ScenarioFailure($"{Name}: {script}: {output}");
    }

    /// <summary>Seconds since it was switched on, by its own clock.</summary>
    public async Task<double> UptimeAsync(CancellationToken cancel) =>
        double.Parse((await RunAsync("cat /proc/uptime", cancel)).Split(' ')[0], CultureInfo.InvariantCulture);

    /// <summary>Writes the daemons' logs, and what Xen says, to its directory, as far as it answers.</summary>
    public async Task KeepLogsAsync(CancellationToken cancel)
    {
        try
        {
            foreach (string command in (string[])["cat /var/log/xapi.log", "cat /var/log/xenopsd.log", "cat /var/log/message-switch.log", "xl list", "xl dmesg", "xenstore-ls -fp", "ps w"])
            {
                string name = command.Replace("cat /var/log/", "", StringComparison.Ordinal).Replace(' ', '-');
                await File.WriteAllTextAsync(Path.Combine(directory, name), await RunAsync(command, cancel) + "\n", cancel);
            }
        }
        catch (Exception error) when (error is ScenarioFailure or HttpRequestException or OperationCanceledException)
        {
            // What it said on its console is there.
        }
    }

    /// <summary>All that guests of that name have said on their consoles; a guest that arrives has another name until it is there.</summary>
    public async Task<string> SaidAsync(string guest, CancellationToken cancel) =>
        await ConsoleLogAsync(guest, cancel) + await ConsoleLogAsync(guest + "--incoming", cancel);

    private async Task<string> ConsoleLogAsync(string guest, CancellationToken cancel)
    {
        using var response = await runner.GetAsync(new Uri($"/console/guest-{guest}.log", UriKind.Relative), cancel);
        return response.StatusCode == HttpStatusCode.NotFound ? "" : await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancel);
    }

    /// <summary>Writes what an installer would, and starts the toolstack: a pool of one host.</summary>
    public Task StartToolstackAsync(CancellationToken cancel) => RunAsync(
        $"""
        echo "INSTALLATION_UUID='{Guid.NewGuid()}'" > /etc/xensource-inventory
        echo "CONTROL_DOMAIN_UUID='{Guid.NewGuid()}'" >> /etc/xensource-inventory
        echo "management-address = {LinkAddress}" >> /etc/xapi.conf
        for name in message-switch xenopsd xapi; do daemon start $name || exit 1; done
        """,
        cancel);

    /// <summary>A session; waits until the toolstack gives one.</summary>
    public async Task<XenApiClient> LoginAsync(CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Limits.Boot);
        var client = XenApiClient.OverTcp(Url);
        while (true)
        {
            try
            {
                await client.LoginAsync(User, Password, deadline.Token);
                return client;
            }
            catch (Exception error) when (error is HttpRequestException or XenApiFailure { Code: "HOST_STILL_BOOTING" or "HOST_IS_SLAVE" })
            {
                await Task.Delay(Limits.Poll, deadline.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                client.Dispose();
                throw new ScenarioFailure($"{Name}: no session");
            }
        }
    }

    /// <summary>The reference of its host in the pool.</summary>
    public async Task<string> HostAsync(XenApiClient client, CancellationToken cancel)
    {
        var hosts = await client.MapAsync("host.get_all_records", cancel);
        return hosts.Single(entry => (string)((Dictionary<string, object>)entry.Value)["address"] == LinkAddress).Key;
    }

    /// <summary>The last lines that the machine and its emulator printed.</summary>
    public string Console(int lines) => string.Join(" | ", new[] { "emulator.log", "console.log" }
        .Select(name => Path.Combine(directory, name)).Where(File.Exists).SelectMany(path => File.ReadLines(path).TakeLast(lines)));

    public async ValueTask DisposeAsync()
    {
        runner.Dispose();
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
        File.Delete(Path.Combine(directory, "root.cpio"));
    }
}

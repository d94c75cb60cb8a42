using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>A switch in a process of its own, to be killed.</summary>
internal sealed class SwitchProcess : IDisposable
{
    private readonly Process process;
    private readonly string path;

    internal SwitchProcess(string path, string configuration)
    {
        this.path = path;
        File.WriteAllText(path + ".conf", $"switch-path = {path}\n{configuration}\n");
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "message-switch"), ["--config", path + ".conf"])
        {
            RedirectStandardError = true,
        };
        process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
    }

    internal async Task<CompatPeer> CompatAsync(string token)
    {
        using var patience = new CancellationTokenSource(SwitchFixture.Patience);
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), patience.Token);
                var peer = new CompatPeer(socket);
                Assert.Equal("", await peer.GetAsync($"/login/{token}"));
                return peer;
            }
            catch (SocketException)
            {
                socket.Dispose();
                await Task.Delay(10, patience.Token);
            }
        }
    }

    /// <summary>kill -9, whatever it does now.</summary>
    internal void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }

        process.Dispose();
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Bench.Loads;

/// <summary>The same call through redis-server (lists over its Unix socket) and nats-server (subjects over TCP on loopback), where they are
/// installed: caller and server are threads that block in the kernel, which is the quickest that a client can be.</summary>
internal static class OtherBrokers
{
    private const int Warm = 1000;
    private const int Calls = 10_000;

    internal static async Task RunAsync(int bytes, TextWriter output, CancellationToken cancellation)
    {
        await MeasureAsync("redis-server", (path, _) => ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"], Redis, bytes, output, cancellation);
        await MeasureAsync("nats-server", (_, port) => ["-a", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture)], Nats, bytes, output, cancellation);
    }

    private static async Task MeasureAsync(string program, Func<string, int, string[]> arguments, Func<string, int, int, double[]> measure,
        int bytes, TextWriter output, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("bench-broker");
        var (path, port) = (Path.Combine(directory.FullName, "sock"), FreePort());
        Process? broker = null;
        try
        {
            broker = Process.Start(new ProcessStartInfo(program, arguments(path, port))
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = directory.FullName,
            })!;
            broker.OutputDataReceived += static (_, _) => { };
            broker.ErrorDataReceived += static (_, _) => { };
            broker.BeginOutputReadLine();
            broker.BeginErrorReadLine();
            var times = await Task.Run(() => measure(path, port, bytes), cancellation);
            Array.Sort(times);
            await output.WriteLineAsync($"{program}, {bytes} B, 1 caller: p50 {times[times.Length / 2]:0} us, p99 {times[times.Length * 99 / 100]:0} us");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            await output.WriteLineAsync($"{program}: not installed, not compared");
        }
        finally
        {
            broker?.Kill();
            broker?.WaitForExit();
            broker?.Dispose();
            directory.Delete(recursive: true);
        }
    }

    private static double[] Redis(string path, int port, int bytes)
    {
        var end = new UnixDomainSocketEndPoint(path);
        using var server = new Peer(end);
        using var caller = new Peer(end);
        var payload = new string('x', bytes);
        return Repeat(server, () =>
        {
            if (server.Command("BRPOP", "requests", "0") is { } request)
            {
                server.Command("LPUSH", "replies", request);
            }
        }, () =>
        {
            caller.Command("LPUSH", "requests", payload);
            caller.Command("BRPOP", "replies", "0");
        });
    }

    private static double[] Nats(string path, int port, int bytes)
    {
        var end = new IPEndPoint(IPAddress.Loopback, port);
        using var server = new Peer(end);
        using var caller = new Peer(end);
        var payload = new string('x', bytes);
        foreach (var (peer, subject) in new[] { (server, "requests"), (caller, "replies") })
        {
            peer.Line();
            peer.Send($"CONNECT {{\"verbose\":false}}\r\nSUB {subject} 1\r\nPING\r\n");
            while (peer.Line() != "PONG")
            {
                // Its subscription is in place when it answers.
            }
        }

        return Repeat(server, () =>
        {
            if (server.Message() is { } request)
            {
                server.Send($"PUB replies {request.Length}\r\n{request}\r\n");
            }
        }, () =>
        {
            caller.Send($"PUB requests {payload.Length}\r\n{payload}\r\n");
            caller.Message();
        });
    }

    private static double[] Repeat(Peer server, Action serve, Action call)
    {
        var serving = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    serve();
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException or SocketException)
            {
                // The measurement is over.
            }
        })
        { IsBackground = true };
        serving.Start();
        var times = new double[Calls];
        for (var index = -Warm; index < Calls; index++)
        {
            var start = Stopwatch.GetTimestamp();
            call();
            if (index >= 0)
            {
                times[index] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        }

        server.Dispose();
        serving.Join();
        return times;
    }

    private static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>One connection, used by one thread: the little of both protocols that a call needs.</summary>
    private sealed class Peer : IDisposable
    {
        private readonly Socket socket;
        private readonly byte[] buffer = new byte[64 * 1024];
        private int start;
        private int end;

        internal Peer(EndPoint address)
        {
            var patience = Stopwatch.StartNew();
            while (true)
            {
                socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    socket.Connect(address);
                    break;
                }
                catch (SocketException) when (patience.Elapsed < TimeSpan.FromSeconds(10))
                {
                    socket.Dispose();
                    Thread.Sleep(10);
                }
            }

            if (address is IPEndPoint)
            {
                socket.NoDelay = true;
            }
        }

        internal void Send(string text) => socket.Send(Encoding.ASCII.GetBytes(text));

        /// <summary>A command of Redis and the last text of its answer.</summary>
        internal string? Command(params string[] words)
        {
            Send($"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${word.Length}\r\n{word}\r\n")));
            string? last = null;
            for (var lines = 1; lines > 0; lines--)
            {
                var line = Line();
                lines += line[0] == '*' ? int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture) : 0;
                last = line[0] == '$' ? Text(int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture)) : last;
            }

            return last;
        }

        /// <summary>The next message of NATS.</summary>
        internal string? Message()
        {
            while (true)
            {
                var line = Line();
                if (line.StartsWith("MSG ", StringComparison.Ordinal))
                {
                    return Text(int.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture));
                }

                if (line == "PING")
                {
                    Send("PONG\r\n");
                }
            }
        }

        internal string Line()
        {
            while (true)
            {
                var length = buffer.AsSpan(start, end - start).IndexOf("\r\n"u8);
                if (length >= 0)
                {
                    var line = Encoding.ASCII.GetString(buffer, start, length);
                    start += length + 2;
                    return line;
                }

                More();
            }
        }

        public void Dispose()
        {
            try
            {
                socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It is closed already.
            }

            socket.Dispose();
        }

        private string Text(int length)
        {
            while (end - start < length + 2)
            {
                More();
            }

            var text = Encoding.ASCII.GetString(buffer, start, length);
            start += length + 2;
            return text;
        }

        private void More()
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            var count = socket.Receive(buffer.AsSpan(end));
            end += count > 0 ? count : throw new IOException("closed");
        }
    }
}

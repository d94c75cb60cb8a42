using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

/// <summary>What the journal's socket receives: the native protocol, read here by rules of its own.</summary>
public sealed class JournalSinkTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("journal");
    private readonly Socket journal = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
    private readonly List<LogEvent> fallenBack = [];
    private readonly DaemonLoggers loggers;

    public JournalSinkTests()
    {
        var path = Path.Combine(directory.FullName, "socket");
        journal.Bind(new UnixDomainSocketEndPoint(path));
        loggers = new DaemonLoggers("xapi", new JournalSink(path, new Fallback(fallenBack)), TimeProvider.System);
    }

    [Fact]
    public void AnEventHasItsNumberAndPriority()
    {
        loggers.CreateLogger("x").Log(LogLevel.Warning, new EventId(3107), "audit", null, static (text, _) => text);
        var fields = Receive();
        Assert.Equal(("audit", "4", "xapi", "3107"), (fields["MESSAGE"], fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"], fields["XAPI_EVENT"]));
        Assert.DoesNotContain("XAPI_TASK", fields.Keys);
    }

    [Fact]
    public async Task TheWorkUnderWayIsInTheFieldsAndTheSessionIsNot()
    {
        loggers.Host = "the host";
        await WorkAsync();
        loggers.CreateLogger("x").LogInformation("after");

        var fields = Receive();
        Assert.Equal(
            ("OpaqueRef:task", "the VM", "the host", LogScope.TrackOf("OpaqueRef:session")),
            (fields["XAPI_TASK"], fields["XAPI_VM"], fields["XAPI_HOST"], fields["XAPI_SESSION"]));
        Assert.DoesNotContain(fields.Values, static value => value.Contains("OpaqueRef:session", StringComparison.Ordinal));
        Assert.Equal(["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "XAPI_EVENT", "XAPI_HOST"], Receive().Keys.Order(StringComparer.Ordinal));

        async Task WorkAsync()
        {
            LogScope.Enter(new LogScope("OpaqueRef:task", "OpaqueRef:session"));
            await Task.Yield();
            loggers.CreateLogger("x").LogInformation("{Vm} stands still", "the VM");
        }
    }

    [Fact]
    public void ATraceIsNamed()
    {
        using var activity = new Activity("call").SetIdFormat(ActivityIdFormat.W3C).Start();
        loggers.CreateLogger("x").LogInformation("traced");
        Assert.Equal(activity.TraceId.ToHexString(), Receive()["XAPI_TRACE"]);
    }

    [Fact]
    public void LinesAndNamesOfFieldsInATextStayInIt()
    {
        loggers.CreateLogger("x").LogInformation("one\nPRIORITY=0\n{Vm}", "a\nb");
        var fields = Receive();
        Assert.Equal(("one\nPRIORITY=0\na\nb", "6", "a\nb"), (fields["MESSAGE"], fields["PRIORITY"], fields["XAPI_VM"]));
    }

    [Fact]
    public void AnExceptionIsPartOfTheMessageAndALongOneIsCut()
    {
        loggers.CreateLogger("x").LogWarning(new InvalidOperationException(new string('x', 10_000)), "failed");
        var message = Receive()["MESSAGE"];
        Assert.StartsWith("failed: InvalidOperationException: xxx", message, StringComparison.Ordinal);
        Assert.Equal(HostingLimits.MaxLogLineBytes, message.Length);
    }

    [Fact]
    public void WithoutAJournalTheEventGoesToTheStream()
    {
        journal.Dispose();
        loggers.CreateLogger("x").LogInformation("hello");
        Assert.Equal("hello", Assert.Single(fallenBack).Text);
    }

    public void Dispose()
    {
        loggers.Dispose();
        journal.Dispose();
        directory.Delete(recursive: true);
    }

    private Dictionary<string, string> Receive()
    {
        var buffer = new byte[64 * 1024];
        ReadOnlySpan<byte> rest = buffer.AsSpan(0, journal.Receive(buffer));
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOfAny((byte)'=', (byte)'\n');
            var name = Encoding.UTF8.GetString(rest[..end]);
            var binary = rest[end] == '\n';
            rest = rest[(end + 1)..];
            var length = binary ? (int)BinaryPrimitives.ReadUInt64LittleEndian(rest) : rest.IndexOf((byte)'\n');
            rest = binary ? rest[8..] : rest;
            Assert.Equal((byte)'\n', rest[length]);
            fields.Add(name, Encoding.UTF8.GetString(rest[..length]));
            rest = rest[(length + 1)..];
        }

        return fields;
    }

    private sealed class Fallback(List<LogEvent> events) : ILogSink
    {
        public void Write(in LogEvent what) => events.Add(what);
    }
}

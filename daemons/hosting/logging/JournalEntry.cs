using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Toolstack.Hosting;

/// <summary>An event in the native protocol of the journal: a datagram of fields, each <c>NAME=value</c> and a newline, or, where the value
/// itself has newlines, its name, a newline, the length in 8 bytes (little endian), the value and a newline (systemd, journal native protocol).</summary>
internal static class JournalEntry
{
    internal static void Write(IBufferWriter<byte> output, in LogEvent what)
    {
        Field(output, "MESSAGE", what.FullText);
        Field(output, "PRIORITY", what.Priority.ToString(CultureInfo.InvariantCulture));
        Field(output, "SYSLOG_IDENTIFIER", what.Name);
        Field(output, "XAPI_EVENT", what.EventId.ToString(CultureInfo.InvariantCulture));
        Field(output, "XAPI_TASK", what.Task);
        Field(output, "XAPI_SESSION", what.Session);
        Field(output, "XAPI_VM", what.Vm);
        Field(output, "XAPI_HOST", what.Host);
        Field(output, "XAPI_TRACE", what.Trace);
    }

    private static void Field(IBufferWriter<byte> output, string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        if (value.Length > HostingLimits.MaxLogLineBytes)
        {
            value = string.Concat(value.AsSpan(0, HostingLimits.MaxLogLineBytes - 3), "...");
        }

        Encoding.UTF8.GetBytes(name, output);
        if (value.Contains('\n', StringComparison.Ordinal))
        {
            output.Write("\n"u8);
            BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), (ulong)Encoding.UTF8.GetByteCount(value));
            output.Advance(8);
        }
        else
        {
            output.Write("="u8);
        }

        Encoding.UTF8.GetBytes(value, output);
        output.Write("\n"u8);
    }
}

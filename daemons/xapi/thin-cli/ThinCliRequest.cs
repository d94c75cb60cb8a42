using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Toolstack.Cli;

namespace Toolstack.Xapi.ThinCli;

/// <summary>What a thin client asks for: the words of its command line, one a line of the request's body.</summary>
internal sealed record ThinCliRequest(CliArguments Arguments, string User, string Password)
{
    internal static ReadOnlySpan<byte> Prefix => "POST /cli "u8;

    /// <summary>True when the connection begins with this request; its bytes stay where they are.</summary>
    internal static async ValueTask<bool> IsNextAsync(PipeReader input, CancellationToken cancel)
    {
        while (true)
        {
            var result = await input.ReadAsync(cancel).ConfigureAwait(false);
            var head = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, Prefix.Length)).ToArray();
            var undecided = head.Length < Prefix.Length && Prefix.StartsWith(head) && !result.IsCompleted;
            input.AdvanceTo(result.Buffer.Start, undecided ? result.Buffer.End : result.Buffer.Start);
            if (!undecided)
            {
                return head.AsSpan().SequenceEqual(Prefix);
            }
        }
    }

    /// <summary>Reads head and body. Raises <see cref="ThinCliFormatException"/> for one that is too long or no such request, and
    /// <see cref="CliUsageError"/> for a command line that is not understood.</summary>
    internal static async Task<ThinCliRequest> ReadAsync(PipeReader input, CancellationToken cancel)
    {
        while (true)
        {
            var result = await input.ReadAsync(cancel).ConfigureAwait(false);
            if (TryParse(result.Buffer, out var words, out var end))
            {
                input.AdvanceTo(end);
                return Of(words);
            }

            if (result.IsCompleted || result.Buffer.Length > ThinCliLimits.MaxRequestBytes)
            {
                throw new ThinCliFormatException("the request ends early or is too long");
            }

            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private static bool TryParse(ReadOnlySequence<byte> bytes, out string[] words, out SequencePosition end)
    {
        (words, end) = ([], bytes.Start);
        var reader = new SequenceReader<byte>(bytes);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> head, "\r\n\r\n"u8))
        {
            return false;
        }

        var length = Encoding.ASCII.GetString(head).Split("\r\n").Select(ContentLength).Max();
        if (length is < 0 or > ThinCliLimits.MaxRequestBytes)
        {
            throw new ThinCliFormatException($"a request needs a content-length of at most {ThinCliLimits.MaxRequestBytes}");
        }

        if (reader.Remaining < length)
        {
            return false;
        }

        var body = bytes.Slice(reader.Position, length);
        words = Encoding.UTF8.GetString(body).Split('\n').Select(static word => word.TrimEnd('\r')).Where(static word => word.Length > 0).ToArray();
        end = body.End;
        return true;
    }

    private static int ContentLength(string line)
    {
        const string name = "content-length:";
        return line.StartsWith(name, StringComparison.OrdinalIgnoreCase)
            && int.TryParse(line.AsSpan(name.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : -1;
    }

    /// <summary>Switches that only concern the connection are the client's; what is left is the command.</summary>
    private static ThinCliRequest Of(string[] words)
    {
        string user = "", password = "";
        List<string> rest = [];
        for (var index = 0; index < words.Length; index++)
        {
            switch (words[index])
            {
                case "-s" or "-p":
                    index++;
                    break;
                case "-u" when index + 1 < words.Length:
                    user = words[++index];
                    break;
                case "-pw" when index + 1 < words.Length:
                    password = words[++index];
                    break;
                case var word when word.StartsWith("username=", StringComparison.Ordinal):
                    user = word["username=".Length..];
                    break;
                case var word when word.StartsWith("password=", StringComparison.Ordinal):
                    password = word["password=".Length..];
                    break;
                case var word:
                    rest.Add(word);
                    break;
            }
        }

        return new ThinCliRequest(CliArguments.Parse(rest), user, password);
    }
}

using System.Text;
using Toolstack.Cli;

namespace Toolstack.Xapi.ThinCli;

/// <summary>The terminal of a stock <c>xe</c> at the other end of the connection.</summary>
internal sealed class ThinCliTerminal(ThinCliStream stream, bool showsProgress) : ICliTerminal
{
    private const int Percent = 100;

    private int shown = -1;

    public Task PrintAsync(string text, CancellationToken cancel) => stream.WriteAsync(ThinCliWire.Write(ThinCliWire.Order.Print, text), cancel);

    public Task ErrorAsync(string text, CancellationToken cancel) => stream.WriteAsync(ThinCliWire.Write(ThinCliWire.Order.PrintStderr, text), cancel);

    public async Task ProgressAsync(double share, CancellationToken cancel)
    {
        var percent = (int)(share * Percent);
        if (showsProgress && percent != shown)
        {
            shown = percent;
            await ErrorAsync($"\r{percent,3}%{(percent >= Percent ? "\n" : "")}", cancel).ConfigureAwait(false);
        }
    }

    public async Task<string> LoadAsync(string file, CancellationToken cancel)
    {
        await stream.WriteAsync(ThinCliWire.Write(ThinCliWire.Order.Load, file), cancel).ConfigureAwait(false);
        if ((await stream.ReadAnswerAsync(ThinCliLimits.ClientDeadline, cancel).ConfigureAwait(false)).Kind is not ThinCliWire.Answer.Ok)
        {
            throw new CliFileError($"{file}: the client cannot read it");
        }

        var content = new MemoryStream();
        while (true)
        {
            var (kind, length) = await stream.ReadAnswerAsync(ThinCliLimits.ClientDeadline, cancel).ConfigureAwait(false);
            if (kind is not ThinCliWire.Answer.Chunk)
            {
                return Encoding.UTF8.GetString(content.ToArray());
            }

            if (length < 0 || content.Length + length > ThinCliLimits.MaxFileBytes)
            {
                throw new CliFileError($"{file}: larger than {ThinCliLimits.MaxFileBytes} bytes");
            }

            content.Write(await stream.ReadAsync(length, ThinCliLimits.ClientDeadline, cancel).ConfigureAwait(false));
        }
    }

    public Task DownloadAsync(string url, string file, CancellationToken cancel) => TransferAsync(ThinCliWire.Order.HttpGet, file, url, cancel);

    public Task UploadAsync(string url, string file, CancellationToken cancel) => TransferAsync(ThinCliWire.Order.HttpPut, file, url, cancel);

    /// <summary>The client moves the file over a connection of its own, and says every now and then that it still does.</summary>
    private async Task TransferAsync(ThinCliWire.Order order, string file, string url, CancellationToken cancel)
    {
        await stream.WriteAsync(ThinCliWire.Write(order, file, url), cancel).ConfigureAwait(false);
        ThinCliWire.Answer answer;
        do
        {
            (answer, _) = await stream.ReadAnswerAsync(ThinCliLimits.TransferSilence, cancel).ConfigureAwait(false);
        }
        while (answer is ThinCliWire.Answer.Wait);

        if (answer is not ThinCliWire.Answer.Ok)
        {
            throw new CliFileError($"{file}: the client could not move it");
        }
    }
}

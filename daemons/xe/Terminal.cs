using Toolstack.Cli;

namespace Toolstack.Xe;

/// <summary>The terminal xe was started on. Progress is drawn on the error output, so that scripts read the result alone.</summary>
internal sealed class Terminal(HttpClient http, bool showsProgress) : ICliTerminal
{
    private const int BarWidth = 50;

    private bool drawn;

    public async Task PrintAsync(string text, CancellationToken cancel)
    {
        EndBar();
        await Console.Out.WriteLineAsync(text.AsMemory(), cancel);
    }

    public async Task ErrorAsync(string text, CancellationToken cancel)
    {
        EndBar();
        await Console.Error.WriteAsync(text.AsMemory(), cancel);
    }

    public async Task ProgressAsync(double share, CancellationToken cancel)
    {
        if (!showsProgress)
        {
            return;
        }

        var done = (int)(Math.Clamp(share, 0, 1) * BarWidth);
        await Console.Error.WriteAsync($"\r[{new string('#', done)}{new string(' ', BarWidth - done)}] {share * 100,3:F0}%".AsMemory(), cancel);
        drawn = true;
        if (share >= 1)
        {
            EndBar();
        }
    }

    public async Task<string> LoadAsync(string file, CancellationToken cancel) =>
        await OnFileAsync(file, () => File.ReadAllTextAsync(file, cancel));

    public async Task DownloadAsync(string url, string file, CancellationToken cancel) => await OnFileAsync(file, async () =>
    {
        using var response = await http.GetAsync(new Uri(url, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancel);
        Check(response);
        await using var target = file.Length == 0 ? Console.OpenStandardOutput() : new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        await response.Content.CopyToAsync(target, cancel);
        return 0;
    });

    public async Task UploadAsync(string url, string file, CancellationToken cancel) => await OnFileAsync(file, async () =>
    {
        await using var source = File.OpenRead(file);
        using var content = new StreamContent(source);
        using var response = await http.PutAsync(new Uri(url, UriKind.Relative), content, cancel);
        Check(response);
        return 0;
    });

    private static void Check(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new CliFileError($"The server answered {(int)response.StatusCode} {response.ReasonPhrase}");
        }
    }

    private static async Task<T> OnFileAsync<T>(string file, Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliFileError($"{file}: {error.Message}");
        }
    }

    private void EndBar()
    {
        if (drawn)
        {
            Console.Error.WriteLine();
            drawn = false;
        }
    }
}

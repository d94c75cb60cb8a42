namespace Toolstack.Cli;

/// <summary>Where a command's output goes and its input comes from: this terminal, or one at the other end of the thin-client protocol.
/// Raises <see cref="CliFileError"/> for a file that cannot be used.</summary>
public interface ICliTerminal
{
    /// <summary>Writes <paramref name="text"/> and a line end.</summary>
    Task PrintAsync(string text, CancellationToken cancel);

    /// <summary>Writes to the error output as it is.</summary>
    Task ErrorAsync(string text, CancellationToken cancel);

    /// <summary>Reports how far a long operation is, 0 to 1; does nothing where progress is not wanted.</summary>
    Task ProgressAsync(double share, CancellationToken cancel);

    /// <summary>The text of a file that the command line names.</summary>
    Task<string> LoadAsync(string file, CancellationToken cancel);

    /// <summary>Downloads to a file that must not be there; the empty name is the output.</summary>
    Task DownloadAsync(string url, string file, CancellationToken cancel);

    Task UploadAsync(string url, string file, CancellationToken cancel);
}

/// <summary>A file that cannot be read, written, fetched or sent.</summary>
public sealed class CliFileError(string message) : Exception(message);

/// <summary>A command line that is not understood: exit status 1 with a pointer to the help, as the original has it.</summary>
public sealed class CliUsageError(string message) : Exception(message);

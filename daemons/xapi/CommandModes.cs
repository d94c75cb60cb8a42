using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi;

/// <summary>What the executable does besides being the daemon.</summary>
internal static class CommandModes
{
    /// <summary><c>--hash-password</c>: reads a password as one line and prints it as the password file keeps it.</summary>
    internal static async Task<int> HashPasswordAsync(TextReader input, TextWriter output)
    {
        string? password = await input.ReadLineAsync().ConfigureAwait(false);
        if (string.IsNullOrEmpty(password))
        {
            await Console.Error.WriteLineAsync("xapi: --hash-password expects a password on standard input").ConfigureAwait(false);
            return 2;
        }

        await output.WriteLineAsync(PasswordHash.Create(password).ToString()).ConfigureAwait(false);
        return 0;
    }

    /// <summary><c>--api-coverage</c>: prints the table of classes, messages and those implemented.</summary>
    internal static int ApiCoverage(TextWriter output)
    {
        Toolstack.Xapi.ApiCoverage.Write(output);
        return 0;
    }

    /// <summary><c>--export-db DATABASE</c>: prints a database, which no daemon may be using, as XML.</summary>
    internal static async Task<int> ExportAsync(string path, Stream output)
    {
        if (!File.Exists(path))
        {
            await Console.Error.WriteLineAsync($"xapi: {path}: no such file").ConfigureAwait(false);
            return 1;
        }

        return await ReportingAsync(async () =>
        {
            LocalDatabase database = LocalDatabase.Open(path, Datamodel.Datamodel.Classes, NullLogger.Instance);
            await using (database.ConfigureAwait(false))
            {
                await StateXmlWriter.WriteAsync(output, database.View, Datamodel.Datamodel.Classes, CancellationToken.None).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    /// <summary><c>--import-db DATABASE</c>: makes a database from XML on standard input. It must not exist.</summary>
    internal static Task<int> ImportAsync(string path, Stream input) => ReportingAsync(async () =>
    {
        using var document = new MemoryStream();
        await input.CopyToAsync(document).ConfigureAwait(false);
        ImportedState state = StateXmlReader.Read(document.GetBuffer().AsSpan(0, (int)document.Length), "standard input", Datamodel.Datamodel.Classes);
        DatabaseTransfer.Create(path, state);
        foreach (string unknown in state.Unknown)
        {
            await Console.Error.WriteLineAsync($"xapi: passed over {unknown}, which this version does not know").ConfigureAwait(false);
        }

        await Console.Error.WriteLineAsync($"xapi: {path}: {state.Rows.Count} rows").ConfigureAwait(false);
    });

    private static async Task<int> ReportingAsync(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            return 0;
        }
        catch (Exception error) when (error is DatabaseFileException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"xapi: {error.Message}").ConfigureAwait(false);
            return 1;
        }
    }

    /// <summary><c>--describe</c>: prints the machine-readable description of XenAPI as JSON.</summary>
    internal static int Describe(Stream output)
    {
        using (output)
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            Idl.Describe.Write(json, Datamodel.Datamodel.Classes, ErrorCatalogue.All.Select(static e => (e.Name, e.Parameters)));
        }

        return 0;
    }
}

using System.Text.Json;
using Toolstack.Idl;
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

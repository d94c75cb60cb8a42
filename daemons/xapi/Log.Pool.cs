using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi;

/// <summary>The log lines of the database and the pool.</summary>
internal static partial class Log
{
    [LoggerMessage(3200, LogLevel.Information, "database {Path}: {Rows} rows, generation {Generation}")]
    internal static partial void DatabaseOpened(ILogger logger, string path, int rows, long generation);

    [LoggerMessage(3201, LogLevel.Error, "database: {Rows} changed rows not written, kept for the next batch")]
    internal static partial void DatabaseNotWritten(ILogger logger, int rows, Exception error);
}

using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>Loggers that write one line per event to stderr, in the journal's form when stderr is the journal. All share one sink and
/// one level; categories are not shown, the daemon's name and the event's number are.</summary>
internal sealed class StderrLoggerFactory(string name) : ILoggerFactory
{
    private readonly StderrSink sink = new();
    private readonly bool journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 };

    /// <summary>The least severe level that is written.</summary>
    internal LogLevel MinimumLevel { get; set; } = LogLevel.Information;

    internal static LogLevel LevelOf(string text) => text switch
    {
        "debug" => LogLevel.Debug,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => LogLevel.Information,
    };

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <summary>There is one sink and no other.</summary>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }

    private void Write(LogLevel level, int eventId, string text, Exception? error) =>
        sink.Write(journal, level, name, eventId, text, error);

    private sealed class Logger(StderrLoggerFactory owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.MinimumLevel && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner.Write(logLevel, eventId.Id, formatter(state, exception), exception);
            }
        }
    }
}

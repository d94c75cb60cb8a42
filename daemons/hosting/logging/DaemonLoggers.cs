using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>Loggers of a daemon: to the journal with fields where stderr is the journal, otherwise one line per event to stderr. All share
/// one sink, one level and one rate limit; categories are not shown, the daemon's name and the event's number are.</summary>
internal sealed class DaemonLoggers(string name, ILogSink sink, TimeProvider time) : ILoggerFactory
{
    private const int SuppressedEventId = 91;

    private readonly LogRateLimit limit = new(time);
    private readonly long[] lines = new long[(int)LogLevel.None];

    /// <summary>The least severe level that is written.</summary>
    internal LogLevel MinimumLevel { get; set; } = LogLevel.Information;

    /// <summary>The uuid of the host this daemon works for; null until it is known.</summary>
    internal string? Host { get; set; }

    internal static DaemonLoggers OfThisProcess(string name)
    {
        var stream = Environment.GetEnvironmentVariable("JOURNAL_STREAM");
        var stderr = new StderrSink(journal: !string.IsNullOrEmpty(stream));
        return new DaemonLoggers(name, JournalSink.IsStderr(stream) ? new JournalSink(JournalSink.DefaultPath, stderr) : stderr, TimeProvider.System);
    }

    internal static LogLevel LevelOf(string text) => text switch
    {
        "debug" => LogLevel.Debug,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => LogLevel.Information,
    };

    /// <summary>How many lines of a level were asked for, written or not.</summary>
    internal long Lines(LogLevel level) => Volatile.Read(ref lines[(int)level]);

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <summary>There is one sink and no other.</summary>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose() => (sink as IDisposable)?.Dispose();

    /// <summary>A line that the limit leaves out is counted, and neither formatted nor asked what it is about.</summary>
    private void Write<TState>(LogLevel level, int eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Interlocked.Increment(ref lines[(int)level]);
        if (!limit.Passes(eventId, level, out var suppressed))
        {
            return;
        }

        if (suppressed > 0)
        {
            sink.Write(new LogEvent(LogLevel.Warning, name, SuppressedEventId,
                string.Create(CultureInfo.InvariantCulture, $"{suppressed} lines of event {eventId} were left out: there were too many"), null));
        }

        sink.Write(About(new LogEvent(level, name, eventId, formatter(state, exception), exception), state as IReadOnlyList<KeyValuePair<string, object?>>));
    }

    /// <summary>What the line itself names goes before what the work is about.</summary>
    private LogEvent About(LogEvent what, IReadOnlyList<KeyValuePair<string, object?>>? named)
    {
        var scope = LogScope.Current;
        var (task, vm, host) = (scope?.Task, scope?.Vm, Host);
        for (var index = 0; index < named?.Count; index++)
        {
            var (key, value) = named[index];
            switch (key)
            {
                case "Task":
                    task = value?.ToString();
                    break;
                case "Vm":
                    vm = value?.ToString();
                    break;
                case "Host":
                    host = value?.ToString();
                    break;
            }
        }

        return what with
        {
            Task = task,
            Session = scope?.Session is { Length: > 0 } session ? LogScope.TrackOf(session) : null,
            Vm = vm,
            Host = host,
            Trace = Activity.Current?.TraceId.ToHexString(),
        };
    }

    private sealed class Logger(DaemonLoggers owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.MinimumLevel && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner.Write(logLevel, eventId.Id, state, exception, formatter);
            }
        }
    }
}

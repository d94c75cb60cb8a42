using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>One event to be logged. The last five say what it is about, where that is known: they become fields of the journal.</summary>
internal readonly record struct LogEvent(LogLevel Level, string Name, int EventId, string Text, Exception? Error)
{
    internal string? Task { get; init; }

    internal string? Session { get; init; }

    internal string? Vm { get; init; }

    internal string? Host { get; init; }

    /// <summary>The trace (32 hexadecimal digits) that the work belongs to.</summary>
    internal string? Trace { get; init; }

    /// <summary>The text, and what the exception says: all of it for an error, otherwise its name and message.</summary>
    internal string FullText => Error is null ? Text : $"{Text}: {(Level >= LogLevel.Error ? Error.ToString() : $"{Error.GetType().Name}: {Error.Message}")}";

    /// <summary>The numbers of syslog, which the journal and sd-daemon prefixes share.</summary>
    internal int Priority => Level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };
}

/// <summary>Where events go. Safe for any thread; never raises, never waits for long.</summary>
internal interface ILogSink
{
    void Write(in LogEvent what);
}

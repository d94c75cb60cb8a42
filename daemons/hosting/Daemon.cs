using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>The frame every daemon runs in: command line, configuration, logging, signals, service manager, exit status.</summary>
public static class Daemon
{
    private const PosixSignal SigPipe = (PosixSignal)13;

    private const int Ok = 0;
    private const int Failure = 1;
    private const int Usage = 2;

    /// <summary>"Start me again", as the original daemons say it.</summary>
    private const int Restart = 123;

    /// <summary>The version of the toolstack.</summary>
    public static string Version => typeof(Daemon).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>Runs <paramref name="main"/> until it returns or a signal asks it to stop, and gives the exit status of the process:
    /// 0 stopped cleanly, 1 failed (the last log line says why), 2 wrong usage or configuration. Raises nothing.</summary>
    public static async Task<int> RunAsync(string[] args, DaemonDescription d, Func<DaemonContext, Task> main)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(d);
        ArgumentNullException.ThrowIfNull(main);
        IReadOnlyList<ConfigKey> keys = [.. d.Keys, .. CommonKeys.All];
        var command = CommandLine.Parse(args);
        switch (command.Verb)
        {
            case CommandVerb.Help:
                await Console.Out.WriteAsync(HelpText.Write(d, keys)).ConfigureAwait(false);
                return Ok;
            case CommandVerb.HelpAsManual:
                await Console.Out.WriteAsync(ManualPage.Write(d, keys)).ConfigureAwait(false);
                return Ok;
            case CommandVerb.HelpAsFileManual:
                await Console.Out.WriteAsync(ManualPage.WriteOfFile(d, keys)).ConfigureAwait(false);
                return Ok;
            case CommandVerb.HelpAsConfiguration:
                await Console.Out.WriteAsync(ConfigTemplate.Write(d, keys)).ConfigureAwait(false);
                return Ok;
            case CommandVerb.Version:
                await Console.Out.WriteLineAsync($"{d.Name} {Version} (build {BuildId.Of()})").ConfigureAwait(false);
                return Ok;
            case CommandVerb.Wrong:
                await Console.Error.WriteLineAsync($"{d.Name}: {command.Complaint}; see {d.Name} --help").ConfigureAwait(false);
                return Usage;
            default:
                return await ConfigureAndRunAsync(command, d, keys, main).ConfigureAwait(false);
        }
    }

    private static async Task<int> ConfigureAndRunAsync(
        CommandLine command, DaemonDescription description, IReadOnlyList<ConfigKey> keys, Func<DaemonContext, Task> main)
    {
        using var logs = DaemonLoggers.OfThisProcess(description.Name);
        var logger = logs.CreateLogger(description.Name);
        Configuration configuration;
        try
        {
            configuration = command.ConfigFile is { } file ? Configuration.Load(file, keys) : Configuration.Defaults(keys);
        }
        catch (ConfigurationException error)
        {
            Log.ConfigurationWrong(logger, error.Message);
            return Usage;
        }

        logs.MinimumLevel = DaemonLoggers.LevelOf(configuration.Get(CommonKeys.LogLevel));
        foreach (var warning in configuration.Warnings)
        {
            Log.ConfigurationWarning(logger, warning);
        }

        if (command.Verb == CommandVerb.PrintConfig)
        {
            await Console.Out.WriteAsync(EffectiveConfig.Write(configuration, keys)).ConfigureAwait(false);
            return Ok;
        }

        return await RunMainAsync(description, configuration, logs, logger, main).ConfigureAwait(false);
    }

    private static async Task<int> RunMainAsync(
        DaemonDescription description, Configuration configuration, DaemonLoggers logs, ILogger logger, Func<DaemonContext, Task> main)
    {
        using var manager = new ServiceManager();
        using var stopping = new CancellationTokenSource();
        var asked = false;
        var stopAsked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // The first signal asks politely; a second one finds the default action again and ends the process.
        void OnStop(PosixSignalContext signal)
        {
            if (Interlocked.Exchange(ref asked, true))
            {
                return;
            }

            signal.Cancel = true;
            Log.Stopping(logger, signal.Signal);
            manager.Stopping();
            stopAsked.SetResult();
        }

        void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs failure)
        {
            failure.SetObserved();
            Log.UnobservedFailure(logger, failure.Exception);
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop);
        using var pipe = PosixSignalRegistration.Create(SigPipe, static signal => signal.Cancel = true);
        TaskScheduler.UnobservedTaskException += OnUnobserved;
        Log.Starting(logger, description.Name, Version);

        SpareMemory? spare = null;
        void Ready()
        {
            manager.Ready();
            Log.Ready(logger);
            spare = SpareMemory.Watch();
        }

        try
        {
            using var sockets = ActivatedSockets.OfThisProcess();
            var metrics = new Metrics(description.Name, Version, logs);
            await using var spans = CollectorUrl.Parse(configuration.Get(CommonKeys.OtlpEndpoint)) is { } collector
                ? new SpanExporter(collector, description.Name, Version, logger) : null;
            await using var pages = configuration.Get(CommonKeys.MetricsPath) is { Length: > 0 } path
                ? new MetricsServer(path, metrics.Page, logger) : null;
            var context = new DaemonContext(configuration, logs, metrics, sockets, Version, Ready, stopping.Token);
            return await WaitAsync(Task.Run(() => main(context)), stopAsked.Task, stopping, logger).ConfigureAwait(false);
        }
        catch (ConfigurationException error)
        {
            Log.ConfigurationWrong(logger, error.Message);
            return Failure;
        }
        finally
        {
            spare?.Dispose();
            TaskScheduler.UnobservedTaskException -= OnUnobserved;
        }
    }

    private static async Task<int> WaitAsync(Task running, Task stopAsked, CancellationTokenSource stopping, ILogger logger)
    {
        try
        {
            await Task.WhenAny(running, stopAsked).ConfigureAwait(false);
            var cancelled = stopAsked.IsCompleted ? stopping.CancelAsync() : Task.CompletedTask;
            await Task.WhenAll(running, cancelled).WaitAsync(HostingLimits.StopDeadline).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!running.IsCompleted)
        {
            Log.StopOverdue(logger, HostingLimits.StopDeadline);
            return Failure;
        }
        catch (OperationCanceledException) when (stopAsked.IsCompleted)
        {
            // Main ended by passing its cancellation on: as clean as returning.
        }
        catch (RestartWantedException wanted)
        {
            Log.RestartWanted(logger, wanted.Message);
            return Restart;
        }
        catch (ConfigurationException error)
        {
            // What it was told to use is not there or taken: the message says which, a stack would not.
            Log.ConfigurationWrong(logger, error.Message);
            return Failure;
        }
        catch (Exception error) // the loop that owns the daemon: classified above, named here
        {
            Log.Failed(logger, error);
            return Failure;
        }

        Log.Stopped(logger);
        return Ok;
    }
}

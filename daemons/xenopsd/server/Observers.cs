using System.Collections.Immutable;
using System.Diagnostics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;

namespace Toolstack.Xenopsd.Server;

/// <summary>Somebody who wants spans: the attributes they get and where they are to go.</summary>
public sealed record Observer(string Name, ImmutableSortedDictionary<string, string> Attributes, ImmutableArray<string> Endpoints, bool Enabled);

/// <summary>How spans are exported, for whoever exports them. Sizes in spans or bytes.</summary>
public sealed record ObserverSettings
{
    public string Directory { get; init; } = "/var/log/dt/zipkinv2/json";
    public TimeSpan ExportInterval { get; init; } = TimeSpan.FromSeconds(30);
    public long ExportChunkSize { get; init; } = 10_000;
    public long MaxSpans { get; init; } = 10_000;
    public long MaxTraces { get; init; } = 10_000;
    public long MaxDepth { get; init; } = 100;
    public long MaxFileSize { get; init; } = 1 << 20;
    public string HostId { get; init; } = "localhost";
    public bool Compress { get; init; } = true;
}

/// <summary>The observers. While one is enabled xenopsd makes spans (<see cref="Tracing"/>) with the attributes of all enabled ones; nothing here
/// exports them: that is for a listener of the source, within the settings kept for it.</summary>
public sealed class Observers : IDisposable
{
    private const int MaxObservers = 64;

    private readonly Lock gate = new();
    private ImmutableDictionary<string, Observer> observers = ImmutableDictionary<string, Observer>.Empty;
    private ActivityListener? listener;

    public ObserverSettings Settings { get; private set; } = new();

    /// <summary>Adds or replaces. Raises Internal_error when there are too many.</summary>
    public void Create(string uuid, Observer observer)
    {
        lock (gate)
        {
            if (observers.Count >= MaxObservers && !observers.ContainsKey(uuid))
            {
                throw XenopsError.Internal($"more than {MaxObservers} observers");
            }

            observers = observers.SetItem(uuid, observer);
            Listen();
        }
    }

    /// <summary>Raises Does_not_exist.</summary>
    public void Change(string uuid, Func<Observer, Observer> change)
    {
        lock (gate)
        {
            observers = observers.SetItem(uuid, change(observers.GetValueOrDefault(uuid) ?? throw XenopsError.DoesNotExist("observer", uuid)));
            Listen();
        }
    }

    public void Destroy(string uuid)
    {
        lock (gate)
        {
            observers = observers.Remove(uuid);
            Listen();
        }
    }

    public void Configure(Func<ObserverSettings, ObserverSettings> change)
    {
        lock (gate)
        {
            Settings = change(Settings);
        }
    }

    public void Dispose() => listener?.Dispose();

    /// <summary>Spans are made while anybody enabled wants them.</summary>
    private void Listen()
    {
        bool wanted = observers.Values.Any(static o => o.Enabled);
        if (wanted && listener is null)
        {
            listener = new ActivityListener
            {
                ShouldListenTo = static source => source.Name == Tracing.SourceName,
                Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStarted = Mark,
            };
            ActivitySource.AddActivityListener(listener);
        }
        else if (!wanted)
        {
            listener?.Dispose();
            listener = null;
        }
    }

    private void Mark(Activity span)
    {
        foreach (var observer in observers.Values.Where(static o => o.Enabled))
        {
            foreach (var (name, value) in observer.Attributes)
            {
                span.SetTag(name, value);
            }
        }
    }
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;

namespace Toolstack.Tests.Forwarding;

/// <summary>Other hosts that answer as a test says, and remember what they were asked.</summary>
internal sealed class FakeRemote : IRemoteHosts
{
    public ConcurrentQueue<(string Host, string Method, ImmutableArray<Value> Arguments, string? Task)> Calls { get; } = new();

    public Func<string, CancellationToken, Task<Value>> Answer { get; set; } = static (_, _) => Task.FromResult(Value.Empty);

    public Task<Value> CallAsync(Ref<host> host, string method, ImmutableArray<Value> arguments, Ref<task>? underTask, CancellationToken cancel)
    {
        Calls.Enqueue((host.ToString(), method, arguments, underTask?.ToString()));
        return Answer(method, cancel);
    }

    public Task<Value> CallCoordinatorAsync(string method, ImmutableArray<Value> arguments, CancellationToken cancel) =>
        CallAsync(new Ref<host>("coordinator"), method, arguments, null, cancel);
}

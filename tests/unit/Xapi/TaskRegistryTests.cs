using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Tasks;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class TaskRegistryTests
{
    private readonly TaskRegistry registry = new();
    private readonly Ref<task> self = new("OpaqueRef:t");

    [Fact]
    public void ARunningCallIsCancelled()
    {
        CancellationTokenSource source = registry.Register(self, default, default);
        Assert.False(source.IsCancellationRequested);
        Assert.True(registry.Cancel(self));
        Assert.True(source.IsCancellationRequested);
        registry.Remove(self, source);
        Assert.False(registry.IsRunning(self));
    }

    [Fact]
    public void ACancellationWaitsForItsCall()
    {
        Assert.False(registry.Cancel(self));
        Assert.False(registry.Register(new Ref<task>("OpaqueRef:another"), default, default).IsCancellationRequested);
        Assert.True(registry.Register(self, default, default).IsCancellationRequested);
    }

    [Fact]
    public void OnlySoManyCancellationsAreRemembered()
    {
        registry.Cancel(self);
        for (int i = 0; i < TaskRegistry.MaxRemembered; i++)
        {
            registry.Cancel(new Ref<task>($"OpaqueRef:{i}"));
            registry.Cancel(new Ref<task>($"OpaqueRef:{i}"));
        }

        Assert.False(registry.Register(self, default, default).IsCancellationRequested);
        Assert.True(registry.Register(new Ref<task>("OpaqueRef:0"), default, default).IsCancellationRequested);
    }
}

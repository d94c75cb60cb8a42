using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;
using Xunit;

namespace Toolstack.Tests.Forwarding;

/// <summary>Promises of starts whose callers are gone.</summary>
public sealed class OldPromisesTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Stage stage = new();
    private readonly Clock clock = new();

    [Fact]
    public async Task AHostThatLivesHasStartedTheVmByThenOrNeverWill()
    {
        OldPromises promises = Promise();
        await promises.RoundAsync(CancellationToken.None);
        clock.Now += OldPromises.StartsAreOver - Minute;
        await promises.RoundAsync(CancellationToken.None);
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        clock.Now += Minute;
        await promises.RoundAsync(CancellationToken.None);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    /// <summary>The VM may live there; and when the host comes back it has its time to say so.</summary>
    [Fact]
    public async Task AHostThatIsAwayKeepsWhatItWasPromised()
    {
        OldPromises promises = Promise();
        await promises.RoundAsync(CancellationToken.None);
        stage.AddHost("there", live: false);
        await promises.RoundAsync(CancellationToken.None);
        clock.Now += 10 * OldPromises.StartsAreOver;
        await promises.RoundAsync(CancellationToken.None);
        stage.AddHost("there", live: true);
        await promises.RoundAsync(CancellationToken.None);
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
        clock.Now += OldPromises.StartsAreOver;
        await promises.RoundAsync(CancellationToken.None);
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    [Fact]
    public async Task AStartUnderWayAndAMigrationAreNoBusinessOfTheirs()
    {
        OldPromises promises = Promise();
        stage.Set(row => row with { current_operations = row.current_operations.SetItem("OpaqueRef:t", vm_operations.start) });
        Ref<VM> moving = stage.Database.Add("OpaqueRef:moving", Stage.NewVm("moving") with { resident_on = stage.Here, scheduled_to_be_resident_on = stage.There });
        await promises.RoundAsync(CancellationToken.None);
        clock.Now += 2 * OldPromises.StartsAreOver;
        await promises.RoundAsync(CancellationToken.None);
        await promises.RoundAsync(CancellationToken.None);
        Assert.Equal((stage.There, stage.There), (stage.Row.scheduled_to_be_resident_on, stage.Database.Row(moving).scheduled_to_be_resident_on));
    }

    private OldPromises Promise()
    {
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        return new OldPromises(stage.Database, clock);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}

using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>A VBD's share of a disk as Linux counts it.</summary>
public sealed class DiskPriorityTests
{
    public static TheoryData<IoScheduling, IoPriorityClass, int> Table { get; } = new()
    {
        { new IoScheduling.RealTime(new IoClass.Highest()), IoPriorityClass.RealTime, 0 },
        { new IoScheduling.RealTime(new IoClass.High()), IoPriorityClass.RealTime, 2 },
        { new IoScheduling.BestEffort(new IoClass.Normal()), IoPriorityClass.BestEffort, 4 },
        { new IoScheduling.BestEffort(new IoClass.Low()), IoPriorityClass.BestEffort, 6 },
        { new IoScheduling.BestEffort(new IoClass.Lowest()), IoPriorityClass.BestEffort, 7 },
        { new IoScheduling.BestEffort(new IoClass.Other(5)), IoPriorityClass.BestEffort, 5 },
        { new IoScheduling.BestEffort(new IoClass.Other(-1)), IoPriorityClass.BestEffort, 0 },
        { new IoScheduling.BestEffort(new IoClass.Other(99)), IoPriorityClass.BestEffort, 7 },
        { new IoScheduling.Idle(), IoPriorityClass.Idle, 0 },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void ClassesHaveTheirLevels(IoScheduling wanted, IoPriorityClass scheduling, int level) =>
        Assert.Equal((scheduling, level), DiskPriority.Of(new VbdQos.Ionice(wanted)));

    [Fact]
    public void AThreadThatIsNotThereIsNoDifference()
    {
        VbdQos qos = new VbdQos.Ionice(new IoScheduling.Idle());
        foreach (string? thread in (string?[])[null, "", "x", "0", "-3", int.MaxValue.ToString(CultureInfo.InvariantCulture)])
        {
            Assert.False(DiskPriority.Differs(thread, qos));
            DiskPriority.Set(thread, qos);
        }
    }
}

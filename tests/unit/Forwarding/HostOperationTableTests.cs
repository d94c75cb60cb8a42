using Toolstack.Xapi.Forwarding;
using Xunit;

namespace Toolstack.Tests.Forwarding;

public sealed class HostOperationTableTests
{
    [Theory]
    [InlineData("vm_migrate", "evacuate", true)]
    [InlineData("evacuate", "vm_migrate", true)]
    [InlineData("evacuate", "vm_start", false)]
    [InlineData("vm_start", "evacuate", false)]
    [InlineData("vm_migrate", "vm_migrate", false)]
    [InlineData("provision", "provision", true)]
    [InlineData("reboot", "shutdown", true)]
    [InlineData("apply_updates", "enable", true)]
    public void OperationsExcludeEachOther(string current, string operation, bool conflict)
    {
        var error = HostOperationTable.Check("OpaqueRef:h", false, true, [KeyValuePair.Create("OpaqueRef:t", current)], operation);
        Assert.Equal(conflict ? "OTHER_OPERATION_IN_PROGRESS" : null, error?.Code);
        if (conflict)
        {
            Assert.Equal(["host", "OpaqueRef:h", current, "OpaqueRef:t"], error!.Parameters);
        }
    }

    [Fact]
    public void AnEnabledHostIsNotShutDown() =>
        Assert.Equal("HOST_NOT_DISABLED", HostOperationTable.Check("h", true, true, [], "shutdown")?.Code);

    [Fact]
    public void ALiveHostIsNotPoweredOn() =>
        Assert.Equal("HOST_IS_LIVE", HostOperationTable.Check("h", false, true, [], "power_on")?.Code);
}

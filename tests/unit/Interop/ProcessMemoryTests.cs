using System.Globalization;
using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Interop;

public class ProcessMemoryTests
{
    [Fact]
    public void Code_and_constants_go_and_come_back_by_themselves()
    {
        Assert.True(ProcessMemory.ReleaseProgram() > 0);
        ProcessMemory.ReleaseFreed();
        Assert.Equal("42", int.Parse("42", CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
    }
}

using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Events;
using Xunit;

namespace Toolstack.Tests.InteropXen;

public class EventChannelTests
{
    [Fact]
    public void A_machine_without_Xen_says_so()
    {
        Assert.SkipWhen(File.Exists("/dev/xen/evtchn"), "there is a Xen");
        Assert.Equal(LibC.ENOENT, Assert.Throws<HypervisorError>(static () => EventChannel.Bind(1, 1)).Errno);
    }
}

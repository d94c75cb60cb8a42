using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Stream;

/// <summary>What the stream has for a PV guest: page table types, the guest's own table of frames, and its vCPUs.</summary>
public class PvStreamTests
{
    private const int Frames = 600;
    private const byte PinnedTop = 0xC;

    private static readonly Dictionary<string, (StreamFault Fault, Func<StreamBytes> Image)> Refused = new()
    {
        ["an HVM stream"] = (StreamFault.UnsupportedDomainType, () => new StreamBytes().Start().Headers(domainType: 2)),
        ["width"] = (StreamFault.BadBody, () => Begin().Record(2, 4, 3, 0, 0, 0, 0, 0, 0)),
        ["frames before the table"] = (StreamFault.MissingRecord, () => Begin().StaticData().Pages(0)),
        ["zeros before the table"] = (StreamFault.MissingRecord, () => Begin().StaticData().Zeros((0, 1))),
        ["table over the guest"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Record(3, Table(1 << 20, 1))),
        ["table without its frames"] = (StreamFault.BadLength, () => Begin().StaticData().Record(3, Table(511, 2))),
        ["table outside itself"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Record(3, [.. Table(511, 0), .. BitConverter.GetBytes(512UL)])),
        ["second table"] = (StreamFault.Duplicate, () => Begin().StaticData().Record(3, Table(511, 1)).Record(3, Table(511, 1))),
        ["frame over the table"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Record(3, Table(511, 1)).Pages(512)),
        ["no such type"] = (StreamFault.BadPageType, () => Memory().Pages(7UL << 60)),
        ["a context"] = (StreamFault.UnknownRecord, () => Memory().Context()),
        ["short shared page"] = (StreamFault.BadLength, () => Memory().Record(7, new byte[4088])),
        ["second shared page"] = (StreamFault.Duplicate, () => Memory().Record(7, new byte[4096]).Record(7, new byte[4096])),
        ["registers"] = (StreamFault.BadLength, () => Memory().Record(4, Vcpu(0, 5160))),
        ["registers twice"] = (StreamFault.Duplicate, () => Memory().Record(4, Vcpu(0, 5168)).Record(4, Vcpu(0, 5168))),
        ["extended"] = (StreamFault.BadLength, () => Memory().Record(5, Vcpu(0, 136))),
        ["xsave"] = (StreamFault.BadLength, () => Memory().Record(6, Vcpu(0, 8))),
        ["msrs"] = (StreamFault.BadLength, () => Memory().Record(0xc, Vcpu(0, 24))),
        ["vcpu number"] = (StreamFault.BadBody, () => Memory().Record(4, Vcpu(512, 5168))),
        ["no vcpu"] = (StreamFault.MissingRecord, () => Memory().Record(7, new byte[4096]).Record(0)),
        ["no shared page"] = (StreamFault.MissingRecord, () => Memory().Record(4, Vcpu(0, 5168)).Record(0)),
        ["vcpu without registers"] = (StreamFault.MissingRecord, () => Memory().Record(7, new byte[4096]).Record(4, Vcpu(0, 5168)).Record(5, Vcpu(1, 64)).Record(0)),
        ["memory after state"] = (StreamFault.UnexpectedRecord, () => Memory().Record(4, Vcpu(0, 5168)).Pages(0)),
    };

    public static TheoryData<string> RefusedNames => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public void Each_fault_has_its_name(string name)
    {
        using FakeGuest guest = new(Frames) { Type = GuestType.Pv };
        var (fault, image) = Refused[name];
        Assert.Equal(fault, Assert.Throws<StreamError>(() => guest.Restore(image().ToArray())).Fault);
        Assert.Null(guest.Dynamic);
        Assert.True(guest.GuardsIntact);
    }

    [Fact]
    public async Task A_guest_without_log_dirty_is_suspended_first_and_comes_back_as_it_was()
    {
        PvVcpu[] vcpus = [new(0, Filled(5168, 1), Filled(64, 2), Filled(16, 3), Filled(32, 4)), new(3, Filled(5168, 5), default, default, default)];
        using FakeGuest source = new(Frames)
        {
            Type = GuestType.Pv, CanLogDirty = false, HasHoles = true, FirstPopulated = 2, Table = new PvTable(Frames - 1, [5, 6]), Pv = new PvState(Filled(4096, 9), vcpus),
        };
        source.Types[7] = PinnedTop;
        source.Types[8] = 1;
        source.Types[9] = 0xF;
        source.Page(7).Fill(70);
        source.Page(9).Fill(90);
        var (image, statistics) = await source.SaveAsync(SaveOptions.Default);
        Assert.True(source.Suspended);
        Assert.False(source.LogDirty);
        Assert.Equal(0, statistics.Iterations);

        using FakeGuest target = new(Frames) { Type = GuestType.Pv };
        target.Restore(image);
        Assert.Equal(Frames - 1, target.Table!.MaxPfn);
        Assert.Equal([5, 6], target.Table.Frames);
        Assert.Equal(70, target.Page(7)[4095]);
        Assert.Equal(0, target.Page(9)[0]);
        Assert.Equal(Frames - 3, target.Populated.Count);
        Assert.Contains(7 | (ulong)PinnedTop << 60, target.Populated);
        Assert.Contains(8 | 1UL << 60, target.Populated);
        Assert.DoesNotContain(target.Populated, static entry => (entry & 0xffff) is 0 or 1 or 9);
        var pv = target.Dynamic!.Pv!;
        Assert.Equal(source.Pv!.SharedInfo.ToArray(), pv.SharedInfo.ToArray());
        Assert.Equal(vcpus.Select(Text), pv.Vcpus.Select(Text));
    }

    private static string Text(PvVcpu vcpu) => string.Join(' ',
        vcpu.Id, Convert.ToHexString(vcpu.Basic.Span), Convert.ToHexString(vcpu.Extended.Span), Convert.ToHexString(vcpu.Xsave.Span), Convert.ToHexString(vcpu.Msrs.Span));

    private static byte[] Filled(int length, byte value)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static StreamBytes Begin() => new StreamBytes().Start().Headers(domainType: 1);

    private static StreamBytes Memory() => Begin().StaticData().Record(3, Table(511, 1));

    private static byte[] Table(uint last, int frames) => [.. BitConverter.GetBytes(0U), .. BitConverter.GetBytes(last), .. new byte[frames * 8]];

    private static byte[] Vcpu(uint id, int length) => [.. BitConverter.GetBytes(id), .. BitConverter.GetBytes(0U), .. new byte[length]];
}

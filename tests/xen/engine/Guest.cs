using System.Globalization;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>What a domain is made for: a Linux guest that says "tick N sum ok" on its console for ever (../guest/init).</summary>
internal sealed record Guest(string Name, bool Pv, int Mib, int Vcpus = 1)
{
    private const string Kernel = "/srv/guest/guest-kernel";
    private const string Ramdisk = "/srv/guest/guest-initrd";
    private const string Arguments = "console=hvc0 loglevel=4 mitigations=off test.data=4";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    /// <summary>A domain to be started, or to be filled from an image.</summary>
    public DomainConfig Config(bool restores)
    {
        var bytes = (long)Mib << 20;
        var id = Guid.NewGuid().ToString();
        PvInfo info = new() { boot = new PvBoot.Direct(new DirectBoot { kernel = Kernel, ramdisk = Ramdisk, cmdline = Arguments }) };
        Vm vm = new()
        {
            id = id,
            name = Name,
            ty = Pv ? new BuilderInfo.PV(info) : new BuilderInfo.PVH(info),
            memory_static_max = bytes,
            memory_dynamic_max = bytes,
            memory_dynamic_min = bytes,
            vcpu_max = Vcpus,
            vcpus = Vcpus,
        };
        return new DomainConfig(id, Name, bytes, bytes, bytes, Vcpus, Vcpus, new Dictionary<string, string>(), null)
        {
            Restores = restores,
            Description = new DomainDescription(vm, [], [], [], [], []),
        };
    }

    /// <summary>The same guest as xl is told of it.</summary>
    public string XlText() => string.Create(CultureInfo.InvariantCulture,
        $"""
        name="{Name}"
        type="{(Pv ? "pv" : "pvh")}"
        kernel="{Kernel}"
        ramdisk="{Ramdisk}"
        extra="{Arguments}"
        memory={Mib}
        vcpus={Vcpus}
        on_crash="preserve"

        """);

    /// <summary>Waits until it has said that many more ticks; none of them may be bad.</summary>
    public async Task AliveAsync(int ticks)
    {
        var wanted = Said().Count(IsTick) + ticks;
        var deadline = DateTime.UtcNow + Patience;
        while (true)
        {
            var said = Said();
            if (said.Any(static line => line.Contains("BAD", StringComparison.Ordinal)))
            {
                throw new IOException($"{Name}: {said.First(static line => line.Contains("BAD", StringComparison.Ordinal))}");
            }

            if (said.Count(IsTick) >= wanted)
            {
                return;
            }

            if (DateTime.UtcNow > deadline)
            {
                throw new IOException($"{Name} is silent: {string.Join(" | ", said.TakeLast(3))}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Everything guests of this name have said; one that xl receives has another name at first.</summary>
    public List<string> Said()
    {
        List<string> lines = [];
        foreach (var name in new[] { Name, Name + "--incoming" })
        {
            var path = $"/var/log/xen/console/guest-{name}.log";
            if (File.Exists(path))
            {
                using StreamReader reader = new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
                lines.AddRange(reader.ReadToEnd().Split('\n'));
            }
        }

        return lines;
    }

    private static bool IsTick(string line) => line.StartsWith("tick ", StringComparison.Ordinal) && line.Contains(" sum ok", StringComparison.Ordinal);
}

using Toolstack.Idl;

namespace Toolstack.Cli.Commands;

/// <summary>Networks and the hosts' interfaces to them.</summary>
internal static class NetworkCommands
{
    internal static IEnumerable<CliCommand> All =>
    [
        new("network-create", ["name-label"], ["name-description", "MTU", "bridge"], "Make a network.", CreateAsync),
        MessageCommand.Of("network-destroy", "network.destroy", "Forget a network.", "self=uuid"),
        MessageCommand.Of("pif-scan", "PIF.scan", "Look for interfaces that came or went.", "host=host-uuid"),
        MessageCommand.Of("pif-introduce", "PIF.introduce", "Make an interface of a host known.", "host=host-uuid", "MAC=mac?", "device=device", "managed=managed?true"),
        MessageCommand.Of("pif-forget", "PIF.forget", "Forget an interface.", "self=uuid"),
        MessageCommand.Of("pif-plug", "PIF.plug", "Bring an interface up.", "self=uuid"),
        MessageCommand.Of("pif-unplug", "PIF.unplug", "Take an interface down.", "self=uuid"),
        MessageCommand.Of("pif-reconfigure-ip", "PIF.reconfigure_ip", "Change the address of an interface.",
            "self=uuid", "mode=mode", "IP=IP?", "netmask=netmask?", "gateway=gateway?", "DNS=DNS?"),
        MessageCommand.Of("bond-create", "Bond.create", "Bond interfaces.", "network=network-uuid", "members=pif-uuids", "MAC=mac?", "mode=mode?balance-slb", "properties=properties?"),
        MessageCommand.Of("bond-destroy", "Bond.destroy", "Take a bond apart.", "self=uuid"),
        MessageCommand.Of("vlan-create", "VLAN.create", "Make a VLAN over an interface.", "tagged_PIF=pif-uuid", "tag=vlan", "network=network-uuid"),
        MessageCommand.Of("vlan-destroy", "VLAN.destroy", "Take a VLAN down.", "self=uuid"),
        MessageCommand.Of("pool-vlan-create", "pool.create_VLAN", "Make a VLAN on every host.", "device=pif-device", "network=network-uuid", "VLAN=vlan"),
        MessageCommand.Of("tunnel-create", "tunnel.create", "Make a tunnel over an interface.", "transport_PIF=pif-uuid", "network=network-uuid", "protocol=protocol?gre"),
        MessageCommand.Of("tunnel-destroy", "tunnel.destroy", "Take a tunnel down.", "self=uuid"),
    ];

    private static async Task CreateAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        var record = new Value.Struct(
        [
            new("name_label", new Value.Text(arguments.Required("name-label"))),
            new("name_description", new Value.Text(arguments.Optional("name-description"))),
            new("MTU", new Value.Text(Typed.Integer("MTU", arguments.Optional("MTU", "1500")))),
            new("bridge", new Value.Text(arguments.Optional("bridge"))),
            new("other_config", new Value.Struct([])),
            new("managed", new Value.Bool(true)),
            new("tags", new Value.Array([])),
        ]);
        await MessageCommand.CallAsync(context, MessageCommand.Find("network.create"), cancel, [record]);
    }
}

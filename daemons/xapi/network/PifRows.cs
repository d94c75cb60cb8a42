using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Networks;

/// <summary>The messages of class PIF that are about rows; those that change a host's interfaces raise NOT_IMPLEMENTED.</summary>
internal sealed class PifRows : PIFMessages
{
    /// <summary>Enters a physical interface. Raises MAC_INVALID, DUPLICATE_PIF_DEVICE_NAME [device].</summary>
    public override async Task<Ref<PIF>> introduce(Call call, Ref<host> host, string MAC, string device, bool managed)
    {
        var context = (CallContext)call;
        string mac = PifRules.Mac(MAC);
        host owner = await context.Database.Get(host, call.Cancellation).ConfigureAwait(false);
        foreach (Ref<PIF> pif in owner.PIFs)
        {
            if (await context.Database.Find(pif, call.Cancellation).ConfigureAwait(false) is { physical: true } other && other.device == device)
            {
                throw new XenApiError("DUPLICATE_PIF_DEVICE_NAME", device);
            }
        }

        Ref<network> network = await context.Database.Create(
            new network { uuid = Guid.NewGuid().ToString(), name_label = $"Pool-wide network associated with {device}", bridge = "xenbr-" + device[..Math.Min(device.Length, 9)], managed = managed },
            call.Cancellation).ConfigureAwait(false);
        return await PifRules.AddAsync(context.Database, new PIF
        {
            device = device, network = network, host = host, MAC = mac, MTU = 1500, VLAN = PifRules.NoTag, physical = true, managed = managed,
        }, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task<Ref<PIF>> db_introduce(
        Call call, string device, Ref<network> network, Ref<host> host, string MAC, long MTU, long VLAN, bool physical,
        ip_configuration_mode ip_configuration_mode, string IP, string netmask, string gateway, string DNS, Ref<Bond> bond_slave_of,
        Ref<VLAN> VLAN_master_of, bool management, ImmutableSortedDictionary<string, string> other_config, bool disallow_unplug,
        ipv6_configuration_mode ipv6_configuration_mode, ImmutableArray<string> IPv6, string ipv6_gateway, primary_address_type primary_address_type,
        bool managed, ImmutableSortedDictionary<string, string>? properties)
    {
        var context = (CallContext)call;
        await context.Database.Get(host, call.Cancellation).ConfigureAwait(false);
        await context.Database.Get(network, call.Cancellation).ConfigureAwait(false);
        return await PifRules.AddAsync(context.Database, new PIF
        {
            device = device, network = network, host = host, MAC = MAC, MTU = MTU, VLAN = VLAN, physical = physical,
            ip_configuration_mode = ip_configuration_mode, IP = IP, netmask = netmask, gateway = gateway, DNS = DNS, bond_slave_of = bond_slave_of,
            VLAN_master_of = VLAN_master_of, management = management, other_config = other_config, disallow_unplug = disallow_unplug,
            ipv6_configuration_mode = ipv6_configuration_mode, IPv6 = IPv6.IsDefault ? [] : IPv6, ipv6_gateway = ipv6_gateway,
            primary_address_type = primary_address_type, managed = managed, properties = properties ?? ImmutableSortedDictionary<string, string>.Empty,
        }, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task db_forget(Call call, Ref<PIF> self)
    {
        var context = (CallContext)call;
        await context.Database.Get(self, call.Cancellation).ConfigureAwait(false);
        await PifRules.RemoveAsync(context.Database, self, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Forgets a physical interface that nothing needs. Raises PIF_IS_NOT_PHYSICAL and what <see cref="PifRules.AssertUnused"/> raises.</summary>
    public override async Task forget(Call call, Ref<PIF> self)
    {
        var context = (CallContext)call;
        PIF row = await context.Database.Get(self, call.Cancellation).ConfigureAwait(false);
        if (!row.physical)
        {
            throw new XenApiError("PIF_IS_NOT_PHYSICAL", self.ToString());
        }

        PifRules.AssertUnused(self, row);
        await PifRules.RemoveAsync(context.Database, self, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>The interface of a VLAN, with its VLAN. Raises PIF_IS_PHYSICAL [PIF] for another, and what VLAN.destroy raises.</summary>
    public override async Task destroy(Call call, Ref<PIF> self)
    {
        PIF row = await ((CallContext)call).Database.Get(self, call.Cancellation).ConfigureAwait(false);
        await new VlanRows().destroy(call, row.VLAN_master_of.IsNull ? throw new XenApiError("PIF_IS_PHYSICAL", self.ToString()) : row.VLAN_master_of).ConfigureAwait(false);
    }

    public override async Task set_disallow_unplug(Call call, Ref<PIF> self, bool value) =>
        await ((CallContext)call).Database.Update(self, r => r with { disallow_unplug = value }, call.Cancellation).ConfigureAwait(false);

    /// <summary>Raises PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE [PIF] when the PIF has no address of that kind.</summary>
    public override async Task set_primary_address_type(Call call, Ref<PIF> self, primary_address_type primary_address_type) =>
        await ((CallContext)call).Database.Update(self, r =>
        {
            bool has = primary_address_type == primary_address_type.IPv4
                ? r.ip_configuration_mode != ip_configuration_mode.None
                : r.ipv6_configuration_mode != ipv6_configuration_mode.None;
            return has ? r with { primary_address_type = primary_address_type } : throw new XenApiError("PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE", self.ToString());
        }, call.Cancellation).ConfigureAwait(false);

    /// <summary>What the host is to have when the PIF is plugged. Raises PIF_UNMANAGED, PIF_IS_MANAGEMENT_INTERFACE [PIF] for no address on the interface by
    /// which the host is managed, INVALID_IP_ADDRESS_SPECIFIED [parameter].</summary>
    public override async Task reconfigure_ip(Call call, Ref<PIF> self, ip_configuration_mode mode, string IP, string netmask, string gateway, string DNS)
    {
        bool isStatic = mode == ip_configuration_mode.Static;
        PifRules.AssertAddresses(("IP", IP, isStatic), ("netmask", netmask, isStatic), ("gateway", gateway, false));
        PifRules.AssertNameServers(DNS, v6: false);
        await ((CallContext)call).Database.Update(self, r =>
        {
            PifRules.AssertManaged(self, r);
            PifRules.AssertStaysManaged(self, r, primary_address_type.IPv4, keeps: mode != ip_configuration_mode.None);
            return r with { ip_configuration_mode = mode, IP = IP, netmask = netmask, gateway = gateway, DNS = DNS };
        }, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>The same for IPv6, whose address has the length of its prefix. Raises also INVALID_CIDR_ADDRESS_SPECIFIED [parameter].</summary>
    public override async Task reconfigure_ipv6(Call call, Ref<PIF> self, ipv6_configuration_mode mode, string IPv6, string gateway, string DNS)
    {
        bool isStatic = mode == ipv6_configuration_mode.Static;
        if (isStatic)
        {
            IpText.AssertCidr("IPv6", IPv6, v6: true);
        }

        IpText.AssertAddressOrNone("gateway", gateway, v6: true);
        PifRules.AssertNameServers(DNS, v6: true);
        await ((CallContext)call).Database.Update(self, r =>
        {
            PifRules.AssertManaged(self, r);
            PifRules.AssertStaysManaged(self, r, primary_address_type.IPv6, keeps: mode != ipv6_configuration_mode.None);
            return r with
            {
                ipv6_configuration_mode = mode, IPv6 = isStatic ? [IPv6] : [], ipv6_gateway = gateway, DNS = DNS.Length > 0 ? DNS : r.DNS,
            };
        }, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Raises VLAN_TAG_INVALID [tag], INVALID_VALUE [device; name] for a device that the host does not have, and what VLAN.create raises.</summary>
    public override async Task<Ref<PIF>> create_VLAN(Call call, string device, Ref<network> network, Ref<host> host, long VLAN)
    {
        var context = (CallContext)call;
        PifRules.AssertTag(VLAN);
        foreach ((Ref<PIF> self, PIF row) in await context.Database.GetAll<PIF>(call.Cancellation).ConfigureAwait(false))
        {
            if (row.host == host && row.device == device && row.VLAN == PifRules.NoTag)
            {
                Ref<VLAN> made = await new VlanRows().create(call, self, VLAN, network).ConfigureAwait(false);
                return (await context.Database.Get(made, call.Cancellation).ConfigureAwait(false)).untagged_PIF;
            }
        }

        throw new XenApiError("INVALID_VALUE", "device", device);
    }

    /// <summary>Properties are <c>gro</c>, on or off, of physical interfaces and bonds. Raises INVALID_VALUE [name or value; text],
    /// CANNOT_CHANGE_PIF_PROPERTIES [PIF].</summary>
    public override async Task set_property(Call call, Ref<PIF> self, string name, string value) =>
        await ((CallContext)call).Database.Update(self, r =>
        {
            if (!r.physical && r.bond_master_of.IsEmpty)
            {
                throw new XenApiError("CANNOT_CHANGE_PIF_PROPERTIES", self.ToString());
            }

            return name != "gro" || value is not ("on" or "off")
                ? throw new XenApiError("INVALID_VALUE", "properties", $"{name} = {value}")
                : r with { properties = r.properties.SetItem(name, value) };
        }, call.Cancellation).ConfigureAwait(false);
}

package dev.jslirp;

import dev.jslirp.nat.FlowPolicy;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.net.NetConfig;
import dev.jslirp.service.DhcpConfig;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.tcp.TcpConfig;
import java.util.List;

/// Everything a guest network can be told: addresses, every limit, policies. Immutable; each part
/// validates itself and documents its fields.
///
/// @param addresses who is who on the guest network
/// @param net       ARP, reassembly, ICMP
/// @param tcp       the TCP engine
/// @param nat       flows, host sockets, policy
/// @param dhcp      the DHCP server
/// @param dns       the DNS forwarder
/// @param flowPolicy what the program says about each flow that a guest opens
public record GuestNetworkConfig(AddressPlan addresses, NetConfig net, TcpConfig tcp, NatConfig nat, DhcpConfig dhcp, DnsConfig dns,
        FlowPolicy flowPolicy) {
    /// 10.0.2.0/24, default limits, DNS without resolvers (every query fails) until told otherwise.
    public static GuestNetworkConfig defaults() {
        return new GuestNetworkConfig(AddressPlan.defaults(), NetConfig.defaults(), TcpConfig.defaults(), NatConfig.defaults(),
                DhcpConfig.defaults(), DnsConfig.forwardingTo(List::of), FlowPolicy.NONE);
    }

    /// What each of `loops` loops is told that share one network, so that its limits hold for all of them together.
    public GuestNetworkConfig dividedBy(int loops) {
        return withNet(net.dividedBy(loops)).withNat(nat.dividedBy(loops));
    }

    /// This configuration with other addresses.
    public GuestNetworkConfig withAddresses(AddressPlan changed) {
        return new GuestNetworkConfig(changed, net, tcp, nat, dhcp, dns, flowPolicy);
    }

    /// This configuration with other limits below transport.
    public GuestNetworkConfig withNet(NetConfig changed) {
        return new GuestNetworkConfig(addresses, changed, tcp, nat, dhcp, dns, flowPolicy);
    }

    /// This configuration with other TCP parameters.
    public GuestNetworkConfig withTcp(TcpConfig changed) {
        return new GuestNetworkConfig(addresses, net, changed, nat, dhcp, dns, flowPolicy);
    }

    /// This configuration with other flow limits and policies.
    public GuestNetworkConfig withNat(NatConfig changed) {
        return new GuestNetworkConfig(addresses, net, tcp, changed, dhcp, dns, flowPolicy);
    }

    /// This configuration with another DHCP service.
    public GuestNetworkConfig withDhcp(DhcpConfig changed) {
        return new GuestNetworkConfig(addresses, net, tcp, nat, changed, dns, flowPolicy);
    }

    /// This configuration with another DNS service.
    public GuestNetworkConfig withDns(DnsConfig changed) {
        return new GuestNetworkConfig(addresses, net, tcp, nat, dhcp, changed, flowPolicy);
    }

    /// This configuration with another say of the program in flows.
    public GuestNetworkConfig withFlowPolicy(FlowPolicy changed) {
        return new GuestNetworkConfig(addresses, net, tcp, nat, dhcp, dns, changed);
    }
}

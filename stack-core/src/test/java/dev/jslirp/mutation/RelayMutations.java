package dev.jslirp.mutation;

import java.util.List;

/// Bugs in `nat` and `service`.
final class RelayMutations {
    private static final String FLOW = "nat/TcpFlow.java", TCP = "nat/TcpNat.java", UDP = "nat/UdpNat.java", POLICY = "nat/NatPolicy.java",
            EXCHANGE = "service/DnsExchange.java", LEASES = "service/LeaseTable.java";
    private static final String FLOWS = "nat.TcpFlowTest", TCP_NAT = "nat.TcpNatTest", UDP_NAT = "nat.UdpNatTest",
            DESTINATIONS = "hostile.DestinationsTest", FLOODS = "hostile.FloodsTest", DNS = "service.DnsForwarderTest",
            DHCP = "service.DhcpServerTest";

    static final List<Mutation> ALL = List.of(
            Mutation.of("reachesLoopbackWhenItIsOff", "the gateway's address leads to 127.0.0.1 only where that is allowed", POLICY,
                    ": config.hostLoopback() ? Destination.HOST_LOOPBACK : Destination.REFUSED;", ": Destination.HOST_LOOPBACK;",
                    "nat.NatPolicyTest", DESTINATIONS),
            Mutation.of("reachesLoopbackByItsOwnName", "127/8 of a guest is not the host's", POLICY,
                    "return IpAddress.isLoopback(hi, lo) || ", "return ", "nat.NatPolicyTest", DESTINATIONS),
            Mutation.of("reachesLoopbackByZero", "RFC 1122 §3.2.1.3: 0/8 is this host", POLICY,
                    "(lo >>> 24 & 0xff) == 0", "lo == -1", "nat.NatPolicyTest", DESTINATIONS),
            Mutation.of("speaksForTheGuestNetwork", "nobody outside speaks in the name of the guest network", POLICY,
                    "return classify(hi, lo) == Destination.OUTSIDE;", "return true;", "nat.NatPolicyTest", UDP_NAT),

            Mutation.of("ignoresTheUdpFlowLimit", "udpFlowsMax", UDP,
                    "if (full || flows.size() >= nat.config().udpFlowsMax()) {", "if (full) {", UDP_NAT),
            Mutation.of("ignoresTheGuestsFlowLimit", "flowsPerGuestMax", TCP,
                    "nat.flows().sizeOf(guestHi, guestLo) >= nat.config().flowsPerGuestMax()", "false", "hostile.TcpTest"),
            Mutation.of("ignoresTheHalfOpenLimit", "tcpHalfOpenMax", TCP,
                    "if (halfOpen.size() >= nat.config().tcpHalfOpenMax()) {", "if (halfOpen.size() < 0) {", TCP_NAT),
            Mutation.of("resetsWithoutLimit", "resetsPerSecond", TCP,
                    "return resetsLeft-- > 0;", "return true;", TCP_NAT, FLOODS),
            Mutation.of("answersResetsByResets", "RFC 9293 §3.10.7.1: a reset is never answered", TCP,
                    "        if (packet.hasFlags(TcpHeader.RST)) {\n            return;\n        }\n", "", TCP_NAT),
            Mutation.of("holdsAnyBytesForHosts", "hostBufferBytesMax", "nat/FlowLimits.java",
                    "        if (left >= length) {\n            return length;\n        }\n", "        if (left != -1) {\n            return length;\n        }\n",
                    FLOWS),
            Mutation.of("readsTheHostWithoutEnd", "sendBufferMax: a slow guest pauses the host", "nat/FlowLimits.java",
                    "if (queued >= sendBufferMax) {", "if (queued < 0) {", FLOWS),
            Mutation.of("passesAnyUdpAnswer", "RFC 4787 §5: filtering by address and port", "nat/UdpFlow.java",
                    "case ADDRESS_AND_PORT_DEPENDENT -> peers.contains(hi, lo, port);",
                    "case ADDRESS_AND_PORT_DEPENDENT -> peers.containsAddress(hi, lo);", UDP_NAT),
            Mutation.of("numbersAreGuessable", "RFC 6528: initial sequence numbers differ by connection and secret", "nat/IssGenerator.java",
                    "return (int) (nowNs / 4_000) + (int) (v0 ^ v1 ^ v2 ^ v3);", "return (int) (nowNs / 4_000);", TCP_NAT, FLOWS,
                    "hostile.TcpTest"),

            Mutation.of("closesForHalfAClose", "RFC 9293 §3.6: the guest's FIN ends one direction", FLOW,
                    "stream.shutdownOutput();", "closeStream();", FLOWS),
            Mutation.of("detachesForHalfAClose", "RFC 9293 §3.6: the host's end of stream ends one direction", FLOW,
                    "connection.close(nowNs);", "connection.detach(nowNs);", FLOWS),
            Mutation.of("keepsTheGuestsFin", "the host learns of the guest's end", FLOW,
                    "            stream.shutdownOutput();\n", "", FLOWS),
            Mutation.of("turnsResetsIntoFins", "a guest's reset reaches the host as a reset", FLOW,
                    "            stream.reset();\n            stream = null;\n        }\n        countRefusal();",
                    "            stream.close();\n            stream = null;\n        }\n        countRefusal();", FLOWS),
            Mutation.of("leaksHostSockets", "every host socket is closed with its flow", "nat/UdpFlow.java",
                    "            socket.close();\n", "", UDP_NAT),
            Mutation.of("acceptsBeforeTheHostDoes", "SYN-ACK only after the host has connected", FLOW,
                    "        join();\n    }\n\n    Phase phase() {",
                    "        connection.accept(connectDeadlineNs);\n        join();\n    }\n\n    Phase phase() {", FLOWS, TCP_NAT),

            Mutation.of("takesDnsAnswersOfAnyId", "RFC 5452 §9.1: the id matches", EXCHANGE,
                    "answer.id() != attemptId || ", "", DNS, "hostile.DnsTest"),
            Mutation.of("takesDnsAnswersToAnyQuestion", "RFC 5452 §9.1: the question matches", EXCHANGE,
                    " || !matches(answer)", "", DNS, "hostile.DnsTest"),
            Mutation.of("takesDnsAnswersFromAnybody", "RFC 5452 §9.1: the source is the resolver asked", "service/UdpDnsExchange.java",
                    "        if (isFromUpstream(addressHi, addressLo, port)) {\n            receive", "        if (port != 0) {\n            receive",
                    DNS, "hostile.DnsTest"),
            Mutation.of("asksWithTheGuestsId", "RFC 5452 §9.2: ids are not predictable", EXCHANGE,
                    "attemptId = forwarder.random.nextInt() & 0xffff;", "attemptId = question.id();", DNS, "hostile.DnsTest"),
            Mutation.of("ignoresTheQueryLimit", "pendingMax", "service/DnsForwarder.java",
                    "if (pending.size() >= config.pendingMax()) {", "if (pending.size() < 0) {", DNS),
            Mutation.of("leaksQueries", "every buffer is released: the copy of a query", EXCHANGE,
                    "        query.release();\n", "", DNS),

            Mutation.of("leasesABoundAddress", "RFC 2131 §1.6: an address belongs to one client", LEASES,
                    "stateAt(holder, nowNs) == State.FREE);", "holder.mac != mac);", DHCP),
            Mutation.of("leasesAnAddressTwice", "RFC 2131 §1.6: an address belongs to one client", LEASES,
                    " && !byAddress.containsKey(address)", "", DHCP),
            Mutation.of("leasesReservedAddresses", "a reserved address waits for its guest", LEASES,
                    "return isGuestAddress(address) && !reserved.contains(address)", "return isGuestAddress(address)", DHCP),
            Mutation.of("leasesForEver", "RFC 2131 §4.4.5: a lease that expired is free", LEASES,
                    "return entry.untilNs - nowNs <= 0 ? State.FREE : entry.state;", "return entry.state;", DHCP));

    private RelayMutations() {}
}

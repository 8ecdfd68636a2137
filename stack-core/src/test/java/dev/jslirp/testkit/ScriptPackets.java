package dev.jslirp.testkit;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// Everything but TCP in script notation: ARP, UDP, ICMP, DHCP, DNS, raw frames.
final class ScriptPackets {
    private static final int FRAGMENT_ID = 77;
    private static final int DNS_PORT = 53;
    private static final int GUEST_DNS_PORT = 5353;

    private final NetworkFixture net;
    private final SimGuest guest;

    ScriptPackets(NetworkFixture net) {
        this.net = net;
        guest = net.guest;
    }

    // From the guest.

    void send(ScriptWords words) {
        String protocol = words.next("a protocol");
        switch (protocol) {
            case "arp" -> sendArp(words);
            case "udp" -> sendUdp(words);
            case "icmp" -> sendEcho(words);
            case "dhcp" -> sendDhcp(words);
            case "dns" -> sendDns(words);
            case "ip" -> {
                words.expect("protocol");
                int number = words.number("protocol");
                int dst = words.address("destination");
                guest.send(Ipv4Packet.of(number, guest.ip(), dst, new byte[words.parenthesized("length")]));
            }
            case "ethertype" -> guest.send(0xffff_ffff_ffffL, words.number("type"), new byte[words.parenthesized("length")]);
            case "frame" -> net.link.deliver(HexFormat.of().parseHex(words.next("hex")));
            default -> throw new IllegalArgumentException("no such protocol: '" + protocol + "'");
        }
    }

    /// `arp who-has A tell B`, `arp probe A`, `arp reply A is-at MAC`.
    private void sendArp(ScriptWords words) {
        String kind = words.next("kind of ARP");
        int address = words.address("address");
        ArpMessage message = switch (kind) {
            case "who-has" -> {
                words.expect("tell");
                yield new ArpMessage(ArpMessage.REQUEST, guest.mac(), words.address("sender"), 0, address);
            }
            case "probe" -> new ArpMessage(ArpMessage.REQUEST, guest.mac(), 0, 0, address);
            case "reply" -> {
                words.expect("is-at");
                long mac = MacAddress.parse(words.next("MAC")).bits();
                yield new ArpMessage(ArpMessage.REPLY, mac, address, 0, 0);
            }
            default -> throw new IllegalArgumentException("no such ARP: '" + kind + "'");
        };
        guest.send(0xffff_ffff_ffffL, EthernetFrame.ARP, message.encode());
    }

    /// `udp PORT > ADDRESS:PORT (LENGTH) [ttl N] [df] [fragments BYTES [order 2,0,1] [without N]]`.
    private void sendUdp(ScriptWords words) {
        int srcPort = words.number("source port");
        words.expect(">");
        var destination = words.endpoint("destination");
        int dst = IpAddress.of(destination.getAddress()).v4Bits();
        byte[] payload = ScriptFlow.pattern(0, words.parenthesized("length"));
        Ipv4Packet packet = new Ipv4Packet(FRAGMENT_ID, false, false, 0, 64, Ipv4Packet.UDP, guest.ip(), dst,
                new UdpDatagram(srcPort, destination.getPort(), payload).encode(guest.ip(), dst));
        sendIp(packet, words);
    }

    private void sendIp(Ipv4Packet plain, ScriptWords words) {
        Ipv4Packet packet = words.accept("ttl") ? plain.withTtl(words.number("ttl")) : plain;
        packet = words.accept("df") ? packet.withDontFragment() : packet;
        if (!words.accept("fragments")) {
            guest.send(packet);
            return;
        }
        List<Ipv4Packet> fragments = packet.fragments(words.number("bytes"));
        if (words.accept("order")) {
            for (String index : words.next("order").split(",")) {
                guest.send(fragments.get(Integer.parseInt(index)));
            }
            return;
        }
        fragments.forEach(guest::send);
    }

    /// `icmp echo ADDRESS id N seq N (LENGTH) [ttl N] [df] [fragments BYTES]`.
    private void sendEcho(ScriptWords words) {
        words.expect("echo");
        int dst = words.address("destination");
        words.expect("id");
        int id = words.number("id");
        words.expect("seq");
        int sequence = words.number("sequence");
        IcmpMessage echo = new IcmpMessage(IcmpMessage.ECHO_REQUEST, 0, id << 16 | sequence,
                ScriptFlow.pattern(0, words.parenthesized("length")));
        sendIp(new Ipv4Packet(FRAGMENT_ID, false, false, 0, 64, Ipv4Packet.ICMP, guest.ip(), dst, echo.encode()), words);
    }

    /// `dhcp TYPE xid N [ciaddr A] [requested A] [server A] [mac M]`.
    private void sendDhcp(ScriptWords words) {
        int type = Arrays.asList(ScriptDhcp.TYPES).indexOf(words.next("DHCP type"));
        words.expect("xid");
        int xid = words.number("xid");
        int ciaddr = words.accept("ciaddr") ? words.address("ciaddr") : 0;
        int requested = words.accept("requested") ? words.address("requested address") : 0;
        int server = words.accept("server") ? words.address("server") : 0;
        long mac = words.accept("mac") ? MacAddress.parse(words.next("MAC")).bits() : guest.mac();
        byte[] message = ScriptDhcp.request(xid, type, mac, ciaddr, requested, server);
        int dst = ciaddr == 0 || server == 0 ? -1 : server;
        UdpDatagram datagram = new UdpDatagram(ScriptDhcp.CLIENT_PORT, ScriptDhcp.SERVER_PORT, message);
        Ipv4Packet packet = Ipv4Packet.of(Ipv4Packet.UDP, ciaddr, dst, datagram.encode(ciaddr, dst));
        net.link.deliver(new EthernetFrame(0xffff_ffff_ffffL, mac, EthernetFrame.IPV4, packet.encode()).encode());
    }

    /// `dns SERVER id N A|AAAA NAME`.
    private void sendDns(ScriptWords words) {
        int server = words.address("server");
        words.expect("id");
        int id = words.number("id");
        int type = words.next("record type").equals("A") ? ScriptDns.TYPE_A : ScriptDns.TYPE_AAAA;
        guest.send(server, new UdpDatagram(GUEST_DNS_PORT, DNS_PORT, ScriptDns.query(id, type, words.next("name"))));
    }

    // To the guest.

    /// What of a frame differs from a `>` line; empty when it matches.
    List<String> mismatches(ScriptWords words, SimGuest.Received received) {
        List<String> wrong = new ArrayList<>();
        String protocol = words.next("a protocol");
        switch (protocol) {
            case "arp" -> matchArp(words, received, wrong);
            case "udp" -> matchUdp(words, received, wrong);
            case "icmp" -> matchIcmp(words, received, wrong);
            case "dhcp" -> matchDhcp(words, received, wrong);
            case "dns" -> matchDns(words, received, wrong);
            default -> throw new IllegalArgumentException("no such protocol: '" + protocol + "'");
        }
        if (wrong.isEmpty()) {
            words.end();
        }
        return wrong;
    }

    /// `arp who-has A tell B` or `arp reply A is-at gateway`.
    private void matchArp(ScriptWords words, SimGuest.Received received, List<String> wrong) {
        ArpMessage arp = received.arp();
        if (arp == null) {
            wrong.add("not ARP");
            return;
        }
        boolean request = words.next("kind of ARP").equals("who-has");
        int address = words.address("address");
        if (request) {
            words.expect("tell");
            check(arp.operation() == ArpMessage.REQUEST && arp.targetIp() == address && arp.senderIp() == words.address("sender"),
                    "another request", wrong);
        } else {
            words.expect("is-at");
            words.expect("gateway");
            check(arp.operation() == ArpMessage.REPLY && arp.senderIp() == address && arp.senderMac() == received.frame().srcMac()
                    && arp.targetMac() == guest.mac() && received.frame().dstMac() == guest.mac(), "another reply", wrong);
        }
    }

    /// `udp ADDRESS:PORT > PORT (LENGTH) [in N fragments]`.
    private void matchUdp(ScriptWords words, SimGuest.Received first, List<String> wrong) {
        var source = words.endpoint("source");
        words.expect(">");
        int dstPort = words.number("guest port");
        int length = words.parenthesized("length");
        int fragments = 1;
        if (words.accept("in")) {
            fragments = words.number("count");
            words.expect("fragments");
        }
        Ipv4Packet packet = reassemble(first, fragments, wrong);
        if (packet == null || packet.protocol() != Ipv4Packet.UDP) {
            wrong.add("not one UDP datagram");
            return;
        }
        UdpDatagram datagram = UdpDatagram.parse(packet, first.checksumOpen());
        check(packet.src() == IpAddress.of(source.getAddress()).v4Bits() && datagram.srcPort() == source.getPort(),
                "another source", wrong);
        check(packet.dst() == guest.ip() && datagram.dstPort() == dstPort, "another destination", wrong);
        check(Arrays.equals(datagram.payload(), ScriptFlow.pattern(0, length)), "other bytes", wrong);
    }

    private Ipv4Packet reassemble(SimGuest.Received first, int count, List<String> wrong) {
        Ipv4Packet packet = first.ipv4();
        if (packet == null || count == 1 && packet.isFragment()) {
            return null;
        }
        WireWriter whole = new WireWriter().bytes(packet.payload());
        Ipv4Packet last = packet;
        ArrayDeque<SimGuest.Received> inbox = guest.inbox();
        for (int i = 1; i < count && !inbox.isEmpty(); i++) {
            last = inbox.poll().ipv4();
            check(last.id() == packet.id() && last.fragmentOffset() == whole.toByteArray().length, "fragments that do not join", wrong);
            whole.bytes(last.payload());
        }
        check(!last.moreFragments(), "more fragments than expected", wrong);
        return Ipv4Packet.of(packet.protocol(), packet.src(), packet.dst(), whole.toByteArray());
    }

    /// `icmp echo-reply FROM id N seq N (LENGTH)`, or `icmp unreachable|time-exceeded CODE [mtu N] from A [quoting udp|tcp|icmp]`.
    private void matchIcmp(ScriptWords words, SimGuest.Received received, List<String> wrong) {
        IcmpMessage icmp = received.icmp();
        if (icmp == null) {
            wrong.add("not ICMP");
            return;
        }
        String kind = words.next("kind of ICMP");
        switch (kind) {
            case "echo-reply" -> {
                check(icmp.type() == IcmpMessage.ECHO_REPLY && received.ipv4().src() == words.address("source"), "another reply", wrong);
                words.expect("id");
                check(icmp.id() == words.number("id"), "id " + icmp.id(), wrong);
                words.expect("seq");
                check(icmp.sequence() == words.number("sequence"), "sequence " + icmp.sequence(), wrong);
                check(Arrays.equals(icmp.payload(), ScriptFlow.pattern(0, words.parenthesized("length"))), "other data", wrong);
            }
            case "unreachable", "time-exceeded" -> matchError(kind, words, received.ipv4(), icmp, wrong);
            default -> throw new IllegalArgumentException("no such ICMP: '" + kind + "'");
        }
    }

    private void matchError(String kind, ScriptWords words, Ipv4Packet packet, IcmpMessage icmp, List<String> wrong) {
        int type = kind.equals("unreachable") ? IcmpMessage.UNREACHABLE : IcmpMessage.TIME_EXCEEDED;
        int code = switch (words.next("code")) {
            case "net", "ttl" -> 0;
            case "host", "reassembly" -> 1;
            case "protocol" -> 2;
            case "port" -> 3;
            case "too-big" -> 4;
            case "prohibited" -> 13;
            case String other -> throw new IllegalArgumentException("no such ICMP code: '" + other + "'");
        };
        check(icmp.type() == type && icmp.code() == code, "type " + icmp.type() + " code " + icmp.code(), wrong);
        if (words.accept("mtu")) {
            check((icmp.rest() & 0xffff) == words.number("mtu"), "mtu " + (icmp.rest() & 0xffff), wrong);
        }
        if (words.accept("from")) {
            check(packet.src() == words.address("source"), "from " + IpAddress.v4(packet.src()), wrong);
        }
        if (words.accept("quoting")) {
            int protocol = switch (words.next("protocol")) {
                case "udp" -> Ipv4Packet.UDP;
                case "tcp" -> Ipv4Packet.TCP;
                default -> Ipv4Packet.ICMP;
            };
            WireReader quote = new WireReader(icmp.payload());
            check(icmp.payload().length >= 28 && quote.seek(9).u8() == protocol && quote.seek(12).u32() == guest.ip(),
                    "a quote that is not the guest's packet", wrong);
        }
    }

    /// `dhcp TYPE xid N [yiaddr A] [server A] [router A] [dns A] [mask A] [lease N] [mtu N]`.
    private void matchDhcp(ScriptWords words, SimGuest.Received received, List<String> wrong) {
        UdpDatagram datagram = received.udp();
        if (datagram == null || datagram.srcPort() != ScriptDhcp.SERVER_PORT || datagram.dstPort() != ScriptDhcp.CLIENT_PORT) {
            wrong.add("not DHCP");
            return;
        }
        ScriptDhcp message = ScriptDhcp.parse(datagram.payload());
        check(ScriptDhcp.TYPES[message.type()].equals(words.next("DHCP type")), ScriptDhcp.TYPES[message.type()], wrong);
        while (words.hasNext()) {
            String field = words.next("field");
            boolean plain = field.equals("xid") || field.equals("lease") || field.equals("mtu");
            int expected = plain ? words.number(field) : words.address(field);
            int actual = switch (field) {
                case "xid" -> message.xid();
                case "yiaddr" -> message.yiaddr();
                case "server" -> message.number(ScriptDhcp.SERVER);
                case "router" -> message.number(ScriptDhcp.ROUTER);
                case "dns" -> message.number(ScriptDhcp.DNS);
                case "mask" -> message.number(ScriptDhcp.MASK);
                case "lease" -> message.number(ScriptDhcp.LEASE);
                case "mtu" -> message.number(ScriptDhcp.MTU);
                default -> throw new IllegalArgumentException("no such DHCP field: '" + field + "'");
            };
            check(actual == expected, field + " is " + (plain ? actual : IpAddress.v4(actual)), wrong);
        }
    }

    /// `dns SERVER id N NAME -> ADDRESS|nothing|servfail|nxdomain|refused`.
    private void matchDns(ScriptWords words, SimGuest.Received received, List<String> wrong) {
        UdpDatagram datagram = received.udp();
        int server = words.address("server");
        if (datagram == null || datagram.srcPort() != DNS_PORT || datagram.dstPort() != GUEST_DNS_PORT || received.ipv4().src() != server) {
            wrong.add("not the answer of that server");
            return;
        }
        ScriptDns message = ScriptDns.parse(datagram.payload());
        words.expect("id");
        check(message.response() && message.id() == words.number("id"), "another id", wrong);
        check(message.name().equals(words.next("name")), "name " + message.name(), wrong);
        words.expect("->");
        String answer = words.next("answer");
        int rcode = switch (answer) {
            case "servfail" -> 2;
            case "nxdomain" -> 3;
            case "refused" -> 5;
            default -> 0;
        };
        check(message.rcode() == rcode, "rcode " + message.rcode(), wrong);
        if (rcode == 0) {
            int expected = answer.equals("nothing") ? 0 : IpAddress.parse(answer).v4Bits();
            check(message.answer() == expected, "answer " + IpAddress.v4(message.answer()), wrong);
        }
    }

    private static void check(boolean condition, String otherwise, List<String> wrong) {
        if (!condition) {
            wrong.add(otherwise);
        }
    }

    /// A frame as text.
    String format(SimGuest.Received received) {
        ArpMessage arp = received.arp();
        Ipv4Packet packet = received.ipv4();
        UdpDatagram udp = received.udp();
        IcmpMessage icmp = received.icmp();
        if (arp != null) {
            return arp.toString();
        }
        if (udp != null) {
            return "udp " + IpAddress.v4(packet.src()) + ":" + udp.srcPort() + " > " + udp.dstPort() + " (" + udp.payload().length + ")";
        }
        if (icmp != null) {
            return "icmp type " + icmp.type() + " code " + icmp.code() + " from " + IpAddress.v4(packet.src()) + " rest 0x"
                    + Integer.toHexString(icmp.rest()) + " (" + icmp.payload().length + ")";
        }
        return packet != null ? packet.toString() : received.frame().toString();
    }
}

package dev.jslirp.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.stats.Counter;
import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.wire.DhcpOptions;
import dev.jslirp.wire.DnsMessage;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalNamesTest {
    private static final long S = 1_000_000_000L;
    private static final int GATEWAY = v4("10.0.2.2"), DNS = v4("10.0.2.3"), ONE = v4("10.0.2.20"), TWO = v4("10.0.2.21");
    private static final int REQUEST = 3, DECLINE = 4, RELEASE = 7, SRV = 33;
    private static final String NODATA = "", NXDOMAIN = "NXDOMAIN", FORWARDED = "forwarded";

    private final DnsConfig defaults = DnsConfig.forwardingTo(
            () -> List.of(new InetSocketAddress(IpAddress.parse("9.9.9.9").toInetAddress(), 53)));
    private NetworkFixture net = open(defaults);
    private int asked;

    @AfterEach
    void everythingIsGivenBack() {
        net.close();
    }

    @Test
    void guestIsFoundByTheNameOfItsLease() {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "Web");
        assertEquals("10.0.2.20", ask("web.jslirp.internal", DnsMessage.A));
        assertEquals("10.0.2.20", ask("WEB", DnsMessage.A));
        assertEquals(NODATA, ask("web", DnsMessage.AAAA));
        assertEquals(NODATA, ask("web.jslirp.internal", SRV));
        assertEquals("web.jslirp.internal", ask("20.2.0.10.in-addr.arpa", DnsMessage.PTR));
        assertEquals(0, net.count(Counter.DNS_FORWARDED));
    }

    @Test
    void nameOfTheClientFqdnCountsInBothEncodings() {
        dhcp(REQUEST, 1, ONE, DhcpOptions.CLIENT_FQDN, "\0\0\0alpha.example.org");
        dhcp(REQUEST, 2, TWO, DhcpOptions.CLIENT_FQDN, "\4\0\0\4beta\7example\0");
        assertEquals("10.0.2.20", ask("alpha", DnsMessage.A));
        assertEquals("10.0.2.21", ask("beta.jslirp.internal", DnsMessage.A));
    }

    @Test
    void namesVanishWithTheLease() {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "web");
        dhcp(RELEASE, 1, ONE, DhcpOptions.HOST_NAME, "web");
        assertEquals(NXDOMAIN, ask("web.jslirp.internal", DnsMessage.A));
        assertEquals(NXDOMAIN, ask("20.2.0.10.in-addr.arpa", DnsMessage.PTR));
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "web");
        dhcp(DECLINE, 1, ONE, DhcpOptions.HOST_NAME, "web");
        assertEquals(NXDOMAIN, ask("web.jslirp.internal", DnsMessage.A));
        dhcp(REQUEST, 1, TWO, DhcpOptions.HOST_NAME, "web");
        assertEquals("10.0.2.21", ask("web.jslirp.internal", DnsMessage.A));
        net.reactor.advance(86_401 * S);
        assertEquals(NXDOMAIN, ask("web.jslirp.internal", DnsMessage.A));
    }

    @Test
    void nameBelongsToWhoCameFirstUntilItsLeaseEnds() {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "web");
        dhcp(REQUEST, 2, TWO, DhcpOptions.HOST_NAME, "web");
        assertEquals("10.0.2.20", ask("web", DnsMessage.A));
        assertEquals(NXDOMAIN, ask("21.2.0.10.in-addr.arpa", DnsMessage.PTR));
        dhcp(RELEASE, 1, ONE, DhcpOptions.HOST_NAME, "web");
        dhcp(REQUEST, 2, TWO, DhcpOptions.HOST_NAME, "web");
        assertEquals("10.0.2.21", ask("web", DnsMessage.A));
        dhcp(REQUEST, 2, TWO, DhcpOptions.HOST_NAME, "other");
        assertEquals(NXDOMAIN, ask("web.jslirp.internal", DnsMessage.A));
    }

    @ParameterizedTest
    @ValueSource(strings = {"wpad", "localhost", "isatap", "WPAD.example"})
    void namesThatWinTrustAreNobodys(String name) {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, name);
        assertEquals(NXDOMAIN, ask("20.2.0.10.in-addr.arpa", DnsMessage.PTR));
        assertEquals(FORWARDED, ask(name, DnsMessage.A));
    }

    @ParameterizedTest
    @CsvSource({"John's PC,johnspc", "-a_b-,a-b", "12345,''", "a.b.c,a", "...,''", "x--y,x-y"})
    void hostNamesBecomeLabels(String hostname, String label) {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, hostname);
        assertEquals(label.isEmpty() ? NXDOMAIN : label + ".jslirp.internal", ask("20.2.0.10.in-addr.arpa", DnsMessage.PTR));
    }

    @Test
    void gatewayHasItsNamesAndGuestsCannotTakeThem() {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "host");
        assertEquals("10.0.2.2", ask("host", DnsMessage.A));
        assertEquals("10.0.2.2", ask("host.jslirp.internal", DnsMessage.A));
        assertEquals("10.0.2.2", ask("gateway.jslirp.internal", DnsMessage.A));
        assertEquals("10.0.2.3", ask("dns.jslirp.internal", DnsMessage.A));
        assertEquals("gateway.jslirp.internal", ask("2.2.0.10.in-addr.arpa", DnsMessage.PTR));
    }

    @Test
    void staticNameAnswersBelowTheDomainTooAndHidesTheGuests() {
        reopen(defaults.withStaticNames(Map.of("db", List.of(IpAddress.parse("10.0.2.40")),
                "a.example", List.of(IpAddress.parse("1.2.3.4")))));
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "db");
        assertEquals("10.0.2.40", ask("db", DnsMessage.A));
        assertEquals("10.0.2.40", ask("db.jslirp.internal", DnsMessage.A));
        assertEquals("db", ask("40.2.0.10.in-addr.arpa", DnsMessage.PTR));
        assertEquals(NXDOMAIN, ask("20.2.0.10.in-addr.arpa", DnsMessage.PTR));
        assertEquals("1.2.3.4", ask("a.example", DnsMessage.A));
        assertEquals(NXDOMAIN, ask("a.example.jslirp.internal", DnsMessage.A));
    }

    @ParameterizedTest
    @CsvSource({"nobody.jslirp.internal,NXDOMAIN", "a.b.jslirp.internal,NXDOMAIN", "jslirp.internal,''", "internal,forwarded",
            "notjslirp.internal,forwarded", "nobody,forwarded", "99.2.0.10.in-addr.arpa,NXDOMAIN", "2.0.10.in-addr.arpa,''",
            "0.10.in-addr.arpa,forwarded", "b._dns-sd._udp.0.2.0.10.in-addr.arpa,NXDOMAIN", "1.3.0.10.in-addr.arpa,forwarded",
            "999.2.0.10.in-addr.arpa,NXDOMAIN", "in-addr.arpa,forwarded"})
    void localDomainAndReverseZoneAreNeverForwarded(String name, String answer) {
        assertEquals(answer, ask(name, DnsMessage.PTR));
        assertEquals(answer.equals(FORWARDED) ? 1 : 0, net.count(Counter.DNS_FORWARDED));
    }

    /// RFC 2308 §2: without the SOA record a guest would ask again and again.
    @ParameterizedTest
    @CsvSource({"a.b.jslirp.internal,28,jslirp.internal", "jslirp.internal,28,jslirp.internal", "host,28,host",
            "host.jslirp.internal,28,jslirp.internal", "99.2.0.10.in-addr.arpa,12,2.0.10.in-addr.arpa",
            "x.y.0.2.0.10.in-addr.arpa,12,2.0.10.in-addr.arpa", "a.example,28,a.example"})
    void denialsSayForHowLongAndInWhoseNameTheyHold(String name, int type, String zone) {
        reopen(defaults.withStaticNames(Map.of("a.example", List.of(IpAddress.parse("1.2.3.4")))));
        ByteBuffer answer = exchange(name, type);
        assertEquals(0, answer.getShort(6));
        assertEquals(1, answer.getShort(8), "authority records");
        int at = name.length() + 18;
        int owner = answer.getShort(at) & 0x3fff;
        assertEquals(zone, text(answer, owner));
        assertEquals(DnsMessage.SOA, answer.getShort(at + 2));
        assertEquals(5, answer.getInt(at + 6), "TTL");
        assertEquals(answer.capacity(), at + 12 + answer.getShort(at + 10));
        assertEquals(5, answer.getInt(answer.capacity() - 4), "minimum");
    }

    @ParameterizedTest
    @CsvSource({"web,1", "wpad,1", "'',0", "123,0"})
    void namesRefusedAreCounted(String secondName, int refused) {
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "web");
        dhcp(REQUEST, 2, TWO, DhcpOptions.HOST_NAME, secondName);
        assertEquals(refused, net.count(Counter.DHCP_NAMES_REFUSED));
    }

    @Test
    void withoutLocalDomainNothingIsOurs() {
        reopen(defaults.withLocalDomain(null));
        dhcp(REQUEST, 1, ONE, DhcpOptions.HOST_NAME, "web");
        for (String name : List.of("web", "web.jslirp.internal", "20.2.0.10.in-addr.arpa", "host")) {
            assertEquals(FORWARDED, ask(name, DnsMessage.A));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "lan.local.", "10.in-addr.arpa", "a..b"})
    void domainsOfOthersAreRefused(String domain) {
        assertThrows(IllegalArgumentException.class, () -> defaults.withLocalDomain(domain));
    }

    private void reopen(DnsConfig config) {
        net.close();
        net = open(config);
    }

    private static NetworkFixture open(DnsConfig config) {
        return NetworkFixture.ready(GuestNetworkConfig.defaults().withDns(config), LinkCapabilities.plain(1500));
    }

    private void dhcp(int type, int client, int address, int nameOption, String name) {
        ByteBuffer message = ByteBuffer.allocate(400).put((byte) 1).put((byte) 1).put((byte) 6).put((byte) 0).putInt(client);
        message.position(12).putInt(type == RELEASE ? address : 0);
        message.position(28).putShort((short) 0x5254).putInt(client);
        message.position(236).putInt(0x6382_5363).put((byte) DhcpOptions.MESSAGE_TYPE).put((byte) 1).put((byte) type);
        if (type != RELEASE) {
            message.put((byte) DhcpOptions.REQUESTED_ADDRESS).put((byte) 4).putInt(address);
        }
        byte[] text = name.getBytes(StandardCharsets.ISO_8859_1);
        message.put((byte) nameOption).put((byte) text.length).put(text).put((byte) DhcpOptions.END);
        net.guest.send(GATEWAY, new UdpDatagram(68, 67, message.array()));
        net.reactor.settle();
        net.guest.takeAll();
    }

    /// The answer in words: the address, the name, the response code, or nothing.
    private String ask(String name, int type) {
        ByteBuffer answer = exchange(name, type);
        if (answer == null) {
            return FORWARDED;
        }
        assertEquals(asked, answer.getShort(0));
        if ((answer.get(3) & DnsMessage.RCODE) == DnsMessage.NXDOMAIN) {
            return NXDOMAIN;
        }
        if (answer.getShort(6) == 0) {
            return NODATA;
        }
        int at = name.length() + 30;
        return type == DnsMessage.A ? IpAddress.v4(answer.getInt(at)).toString() : text(answer, at);
    }

    /// The answer, null when there is none (yet).
    private ByteBuffer exchange(String name, int type) {
        ByteBuffer query = ByteBuffer.allocate(name.length() + 18).putShort((short) ++asked).putShort((short) 0x100).putShort((short) 1)
                .putShort((short) 0).putInt(0);
        for (String label : name.split("\\.")) {
            query.put((byte) label.length()).put(label.getBytes(StandardCharsets.US_ASCII));
        }
        query.put((byte) 0).putShort((short) type).putShort((short) DnsMessage.IN);
        net.guest.send(DNS, new UdpDatagram(5_000 + asked, 53, query.array()));
        net.reactor.settle();
        SimGuest.Received received = net.guest.poll();
        return received == null ? null : ByteBuffer.wrap(received.udp().payload());
    }

    private static String text(ByteBuffer message, int at) {
        StringBuilder name = new StringBuilder();
        for (int i = at; message.get(i) != 0; i += message.get(i) + 1) {
            name.append(name.isEmpty() ? "" : ".").append(new String(message.array(), i + 1, message.get(i), StandardCharsets.US_ASCII));
        }
        return name.toString();
    }

    private static int v4(String text) {
        return IpAddress.parse(text).v4Bits();
    }
}

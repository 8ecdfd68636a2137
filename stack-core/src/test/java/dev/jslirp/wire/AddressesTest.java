package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "10.0.2.15", "255.255.255.255", "192.0.2.1"})
    void ipv4TextIsKept(String text) {
        IpAddress address = IpAddress.parse(text);
        assertTrue(address.isV4());
        assertEquals(text, address.toString());
        assertEquals(address, IpAddress.of(address.toInetAddress()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"::1", "fe80::1", "2001:db8::53"})
    void ipv6AddressesSurviveJavaNet(String text) {
        IpAddress address = IpAddress.parse(text);
        assertFalse(address.isV4());
        assertEquals(address, IpAddress.of(address.toInetAddress()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.2", "10.0.2.256", "10.0.2.1.1", "localhost", "1", "::g", "10.0.2.1/24", " 10.0.2.1", "a.b.c.d",
        "10.0.2.1:80", "10..2.1", "0x7f000001", "face", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "12345::", "fe80::1%lo", "[::1]", ".::1",
        "::ffff:10.0.2.256", "010.0.2.1", "10.0.02.1", "300.1.1.1"})
    void whatIsNoAddressIsRefusedByName(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text));
        assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
    }

    @Test
    void mappedIpv4IsIpv4() {
        assertEquals(IpAddress.parse("10.0.2.15"), IpAddress.parse("::ffff:10.0.2.15"));
    }

    @Test
    void specialAddressesAreKnown() {
        assertTrue(is("127.0.0.1", IpAddress::isLoopback) && is("127.255.0.9", IpAddress::isLoopback) && is("::1", IpAddress::isLoopback));
        assertTrue(is("0.0.0.0", IpAddress::isUnspecified) && is("::", IpAddress::isUnspecified));
        assertTrue(is("224.0.0.1", IpAddress::isMulticast) && is("239.255.255.255", IpAddress::isMulticast) && is("ff02::1", IpAddress::isMulticast));
        assertTrue(is("169.254.169.254", IpAddress::isLinkLocal) && is("fe80::1", IpAddress::isLinkLocal) && is("febf::1", IpAddress::isLinkLocal));
        assertTrue(is("255.255.255.255", IpAddress::isLimitedBroadcast));
        for (String ordinary : new String[] {"10.0.2.2", "198.51.100.1", "2001:db8::1"}) {
            assertFalse(is(ordinary, IpAddress::isLoopback) || is(ordinary, IpAddress::isUnspecified) || is(ordinary, IpAddress::isMulticast)
                    || is(ordinary, IpAddress::isLinkLocal) || is(ordinary, IpAddress::isLimitedBroadcast), ordinary);
        }
    }

    private interface Question {
        boolean of(long hi, long lo);
    }

    private static boolean is(String text, Question question) {
        IpAddress address = IpAddress.parse(text);
        return question.of(address.hi(), address.lo());
    }

    @Test
    void macAddressTextIsKept() {
        assertEquals("52:54:00:12:34:56", MacAddress.parse("52:54:00:12:34:56").toString());
        assertEquals("0a:0b:0c:0d:0e:0f", MacAddress.parse("0A-0B-0C-0D-0E-0F").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:5g", "5254.0012.3456", "52:54:0:12:34:56"})
    void whatIsNoMacAddressIsRefusedByName(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> MacAddress.parse(text));
        assertTrue(e.getMessage().contains(text), e.getMessage());
    }
}

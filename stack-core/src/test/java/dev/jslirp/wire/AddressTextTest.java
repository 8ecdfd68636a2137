package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTextTest {
    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "10.0.2.15", "255.255.255.255", "192.0.2.1"})
    void ipv4ComesBack(String text) {
        IpAddress address = IpAddress.parse(text);
        assertTrue(address.isV4());
        assertEquals(text, address.toString());
        assertEquals(address, IpAddress.of(address.toInetAddress()));
        assertEquals(address, IpAddress.v4(address.v4Bits()));
    }

    @ParameterizedTest
    @CsvSource({
        "::, 0, 0", "::1, 0, 1", "fe80::1, fe80000000000000, 1", "2001:db8:1:2:3:4:5:6, 20010db800010002, 0003000400050006",
        "::ffff:10.0.2.15, 0, ffff0a00020f", "2001:DB8::192.0.2.1, 20010db800000000, c0000201"})
    void ipv6Halves(String text, String hi, String lo) {
        IpAddress address = IpAddress.parse(text);
        assertEquals(new IpAddress(Long.parseUnsignedLong(hi, 16), Long.parseUnsignedLong(lo, 16)), address);
        assertEquals(address, IpAddress.parse(address.toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.1000", "1.2.3.-4", "1..3.4", ".1.2.3", "1.2.3.4.", " 1.2.3.4",
        "0x7f000001", "localhost", "example.org", "face", "fe80::1%eth0", "[::1]", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
        "1.2.3.4 ", "1:2:3:4:5:6:7:8:9", "12345::", "g::1", ".::1", "1.2.3.4:80", "::1.2.3", "::ffff:1.2.3.256"})
    void badIpAddressIsRefusedWithItsText(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text));
        assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
    }

    @Test
    void kindsOfAddresses() {
        assertTrue(is("127.9.9.9", IpAddress::isLoopback) && is("::1", IpAddress::isLoopback) && !is("128.0.0.1", IpAddress::isLoopback));
        assertTrue(is("0.0.0.0", IpAddress::isUnspecified) && is("::", IpAddress::isUnspecified) && !is("::1", IpAddress::isUnspecified));
        assertTrue(is("224.0.0.1", IpAddress::isMulticast) && is("239.255.255.255", IpAddress::isMulticast));
        assertTrue(is("ff02::1", IpAddress::isMulticast) && !is("223.255.255.255", IpAddress::isMulticast));
        assertTrue(!is("240.0.0.1", IpAddress::isMulticast) && !is("fe80::1", IpAddress::isMulticast));
        assertTrue(is("255.255.255.255", IpAddress::isLimitedBroadcast) && !is("10.0.2.255", IpAddress::isLimitedBroadcast));
        assertTrue(is("169.254.0.1", IpAddress::isLinkLocal) && !is("169.253.0.1", IpAddress::isLinkLocal));
        assertTrue(is("fe80::1", IpAddress::isLinkLocal) && is("febf::1", IpAddress::isLinkLocal));
        assertTrue(!is("fec0::1", IpAddress::isLinkLocal));
    }

    private interface Kind {
        boolean is(long hi, long lo);
    }

    private static boolean is(String text, Kind kind) {
        IpAddress address = IpAddress.parse(text);
        return kind.is(address.hi(), address.lo());
    }

    @ParameterizedTest
    @CsvSource({"52:54:00:12:34:56, 525400123456", "00-00-00-00-00-00, 0", "FF:ff:FF:ff:FF:ff, ffffffffffff"})
    void macAddress(String text, String bits) {
        MacAddress address = MacAddress.parse(text);
        assertEquals(Long.parseLong(bits, 16), address.bits());
        assertEquals(text.toLowerCase(Locale.ROOT).replace('-', ':'), address.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "52", "52:54:00:12:34", "52:54:00:12:34:56:78", "52:54:00:12:34:5", "52:54:00:12:34:567",
        "52:54:00:12:34:5g", "525400123456", ":54:00:12:34:56", "52:54:00:12:34:", "+5:54:00:12:34:56"})
    void badMacAddressIsRefusedWithItsText(String text) {
        var e = assertThrows(IllegalArgumentException.class, () -> MacAddress.parse(text));
        assertTrue(e.getMessage().contains("'" + text + "'"), e.getMessage());
    }

    @Test
    void macAddressHas48Bits() {
        assertThrows(IllegalArgumentException.class, () -> new MacAddress(MacAddress.BROADCAST + 1));
        assertThrows(IllegalArgumentException.class, () -> new MacAddress(-1));
        assertTrue(MacAddress.isGroup(MacAddress.BROADCAST));
        assertTrue(MacAddress.isGroup(MacAddress.parse("01:00:5e:00:00:01").bits()));
        assertTrue(!MacAddress.isGroup(MacAddress.parse("52:54:00:12:34:56").bits()));
    }
}

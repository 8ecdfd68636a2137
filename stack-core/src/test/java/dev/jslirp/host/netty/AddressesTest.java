package dev.jslirp.host.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressesTest {
    @ParameterizedTest
    @CsvSource({
        "192.0.2.255, 0, ffffc00002ff, 192.0.2.255:7, INET",
        "127.0.0.1, 0, ffff7f000001, 127.0.0.1:7, INET",
        "2001:db8::ff01, 20010db800000000, ff01, [2001:db8:0:0:0:0:0:ff01]:7, INET6",
        "fe80::8000:0:0:1, fe80000000000000, 8000000000000001, [fe80:0:0:0:8000:0:0:1]:7, INET6",
    })
    void addressesAreTheirHalvesBothWays(String literal, String hi, String lo, String text, StandardProtocolFamily family) {
        InetAddress address = InetAddress.ofLiteral(literal);
        assertEquals(Long.parseUnsignedLong(hi, 16), Addresses.hi(address));
        assertEquals(Long.parseUnsignedLong(lo, 16), Addresses.lo(address));
        InetSocketAddress back = Addresses.socketAddress(Addresses.hi(address), Addresses.lo(address), 7);
        assertEquals(new InetSocketAddress(address, 7), back);
        assertEquals(text, Addresses.text(back));
        assertEquals(family, Addresses.family(address));
    }
}

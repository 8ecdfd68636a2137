package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.nat.NatPolicy.Destination;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NatPolicyTest {
    private final NatPolicy policy = new NatPolicy(NatConfig.defaults(), AddressPlan.defaults(), FlowPolicy.NONE);

    @ParameterizedTest
    @CsvSource({
        "10.0.2.2, HOST_LOOPBACK", "10.0.2.3, SERVICES_ONLY", "10.0.2.15, ON_LINK", "10.0.2.1, ON_LINK", "10.0.2.0, GROUP",
        "10.0.2.255, GROUP", "255.255.255.255, GROUP", "224.0.0.1, GROUP", "239.255.255.250, GROUP", "ff02::1, GROUP",
        "127.0.0.1, REFUSED", "127.255.255.254, REFUSED", "0.0.0.0, REFUSED", "0.1.2.3, REFUSED", "::1, REFUSED", "::, REFUSED",
        "::7f00:1, REFUSED", "169.254.169.254, REFUSED", "fe80::1, REFUSED", "10.0.3.2, OUTSIDE", "1.2.3.4, OUTSIDE",
        "192.168.1.1, OUTSIDE", "2001:db8::1, OUTSIDE"})
    void everyAddressHasItsPlace(String address, Destination expected) {
        assertEquals(expected, classify(policy, address));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.2.2", "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.0.0.1", "::1", "::", "::127.0.0.1", "::ffff:127.0.0.1",
        "::ffff:0.0.0.0"})
    void withoutHostLoopbackEveryNameOfItIsRefused(String address) {
        NatPolicy closed = new NatPolicy(NatConfig.defaults().withHostLoopback(false), AddressPlan.defaults(), FlowPolicy.NONE);

        assertEquals(Destination.REFUSED, classify(closed, address));
    }

    @Test
    void linkLocalIsOpenedByConfiguration() {
        NatPolicy open = new NatPolicy(NatConfig.defaults().withLinkLocal(true), AddressPlan.defaults(), FlowPolicy.NONE);

        assertEquals(Destination.OUTSIDE, classify(open, "169.254.169.254"));
    }

    @Test
    void theGatewayStandsForTheHostsLoopbackBothWays() {
        IpAddress gateway = IpAddress.parse("10.0.2.2");
        IpAddress loopback = IpAddress.parse("127.0.0.1");
        IpAddress other = IpAddress.parse("1.2.3.4");

        assertEquals(loopback.lo(), policy.toHostLo(0, gateway.lo()));
        assertEquals(gateway.lo(), policy.toFarLo(0, loopback.lo()));
        assertEquals(other.lo(), policy.toHostLo(0, other.lo()));
        assertEquals(other.lo(), policy.toFarLo(0, other.lo()));
    }

    @Test
    void nobodyOutsideSpeaksInTheNameOfTheGuestNetwork() {
        assertTrue(policy.mayArriveFrom(0, IpAddress.parse("127.0.0.1").lo(), 53));
        assertTrue(policy.mayArriveFrom(0, IpAddress.parse("1.2.3.4").lo(), 53));
        assertFalse(policy.mayArriveFrom(0, IpAddress.parse("10.0.2.2").lo(), 53));
        assertFalse(policy.mayArriveFrom(0, IpAddress.parse("10.0.2.15").lo(), 53));
        assertFalse(policy.mayArriveFrom(0, IpAddress.parse("127.0.0.2").lo(), 53));
    }

    private static Destination classify(NatPolicy policy, String address) {
        IpAddress ip = IpAddress.parse(address);
        return policy.classify(ip.hi(), ip.lo());
    }
}

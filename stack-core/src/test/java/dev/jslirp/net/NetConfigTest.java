package dev.jslirp.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.jslirp.wire.IpAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetConfigTest {
    @ParameterizedTest
    @CsvSource({"0, neighborsMax", "1, neighborAgeNs", "2, neighborPendingMax", "3, neighborPendingBytesMax", "4, reassemblyBytesMax",
        "5, reassemblyDatagramsMax", "6, reassemblyFragmentsMax", "7, reassemblyAgeNs", "8, icmpErrorsPerSecond", "9, icmpErrorBurst"})
    void valueOutOfRangeIsRefusedByName(int field, String name) {
        long[] v = {1, 1, 1, 1, 1, 1, 2, 1, 1, 1};
        v[field] = -1;
        String message = assertThrows(IllegalArgumentException.class, () -> new NetConfig((int) v[0], v[1], (int) v[2], (int) v[3],
                (int) v[4], (int) v[5], (int) v[6], v[7], (int) v[8], (int) v[9])).getMessage();
        assertEquals(name + " -1 is not within", message.substring(0, message.indexOf("within") + 6));
    }

    @ParameterizedTest
    @CsvSource({"10.0.2.2, OURS", "10.0.2.3, OURS", "10.0.2.255, BROADCAST", "255.255.255.255, BROADCAST", "10.0.2.15, GUEST",
        "10.0.2.0, INVALID", "0.0.0.0, INVALID", "0.1.2.3, INVALID", "127.0.0.1, INVALID", "224.0.0.1, MULTICAST",
        "239.255.255.255, MULTICAST", "10.0.3.2, OUTSIDE", "169.254.169.254, OUTSIDE", "8.8.8.8, OUTSIDE"})
    void destinationsAreClassified(String address, Destination expected) {
        IpAddress ip = IpAddress.parse(address);
        assertEquals(expected, AddressPlan.defaults().destination(ip.hi(), ip.lo()));
    }

    @Test
    void tokenBucketSurvivesTheWrapOfTime() {
        TokenBucket bucket = new TokenBucket(10, 2);
        long now = Long.MAX_VALUE - 50_000_000L;
        int taken = 0;
        for (int i = 0; i < 100; i++) {
            taken += bucket.take(now + i * 10_000_000L) ? 1 : 0;
        }
        assertEquals(2 + 9, taken);
    }
}

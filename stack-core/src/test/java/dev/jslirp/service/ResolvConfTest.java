package dev.jslirp.service;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResolvConfTest {
    @Test
    void nameserverLinesAreTakenInOrderAndTheRestIsSkipped() {
        assertEquals(List.of(new InetSocketAddress("127.0.0.53", 53), new InetSocketAddress("fd00::1", 53)), ResolvConf.nameservers("""
                # nameserver 9.9.9.9
                search example.org
                nameserver 127.0.0.53 # stub
                \tnameserver\tfd00::1
                nameserver 127.0.0.53
                nameserver dns.example.org
                nameserver 1.2.3.999
                nameserver fe80::1%nosuchinterface
                nameserver8.8.8.8
                nameserver"""));
    }

    @Test
    void resolversBeyondTheLimitAreIgnored() {
        StringBuilder text = new StringBuilder();
        for (int i = 1; i < 20; i++) {
            text.append("nameserver 10.0.0.").append(i).append('\n');
        }
        assertEquals(ResolvConf.NAMESERVERS_MAX, ResolvConf.nameservers(text.toString()).size());
    }
}

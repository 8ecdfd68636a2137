package dev.jslirp.host.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.jslirp.host.HostError;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.nio.channels.UnresolvedAddressException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostErrorsTest {
    @ParameterizedTest
    @CsvSource({
        "Connection refused, REFUSED", "No route to host, HOST_UNREACHABLE", "Host is down, HOST_UNREACHABLE",
        "Network is unreachable, NETWORK_UNREACHABLE", "Permission denied, PROHIBITED", "Operation not permitted, PROHIBITED",
        "Connection timed out, TIMED_OUT", "Connection reset by peer, RESET", "Connection reset, RESET", "Broken pipe, RESET",
        "Message too long, TOO_BIG", "Too many open files, NO_RESOURCES", "Too many open files in system, NO_RESOURCES",
        "Cannot assign requested address, NO_RESOURCES", "Address family not supported by protocol, NETWORK_UNREACHABLE",
        "No buffer space available, NO_RESOURCES", "Cannot allocate memory, NO_RESOURCES", "Input/output error, OTHER"
    })
    void textOfTheKernelDecides(String text, HostError expected) {
        assertEquals(expected, HostErrors.classify(new SocketException(text)));
    }

    @Test
    void inAnotherLanguageTheTypeDecides() {
        assertEquals(HostError.REFUSED, HostErrors.classify(new ConnectException("Verbindungsaufbau abgelehnt")));
        assertEquals(HostError.HOST_UNREACHABLE, HostErrors.classify(new NoRouteToHostException("Keine Route zum Host")));
        assertEquals(HostError.NO_RESOURCES, HostErrors.classify(new BindException("belegt")));
        assertEquals(HostError.REFUSED, HostErrors.classify(new PortUnreachableException()));
        assertEquals(HostError.NETWORK_UNREACHABLE, HostErrors.classify(new UnresolvedAddressException()));
        assertEquals(HostError.NETWORK_UNREACHABLE, HostErrors.classify(new UnsupportedOperationException("IPv6 not available")));
        assertEquals(HostError.OTHER, HostErrors.classify(new IOException("kaputt")));
    }
}

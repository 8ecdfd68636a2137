package dev.jslirp.host.netty;

import dev.jslirp.host.HostError;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Map;

/// The one place where exceptions of `java.nio` become [HostError]s.
///
/// The JDK gives no errno. What its exception types do not tell is read from the text of `strerror`, which is
/// English unless the process runs in another locale; then the type decides.
final class HostErrors {
    private static final Map<String, HostError> BY_TEXT = Map.ofEntries(
            Map.entry("Connection refused", HostError.REFUSED),
            Map.entry("No route to host", HostError.HOST_UNREACHABLE),
            Map.entry("Host is down", HostError.HOST_UNREACHABLE),
            Map.entry("Host is unreachable", HostError.HOST_UNREACHABLE),
            Map.entry("Network is unreachable", HostError.NETWORK_UNREACHABLE),
            Map.entry("Network is down", HostError.NETWORK_UNREACHABLE),
            Map.entry("Address family not supported", HostError.NETWORK_UNREACHABLE),
            Map.entry("Protocol family", HostError.NETWORK_UNREACHABLE),
            Map.entry("Permission denied", HostError.PROHIBITED),
            Map.entry("Operation not permitted", HostError.PROHIBITED),
            Map.entry("Connection timed out", HostError.TIMED_OUT),
            Map.entry("Operation timed out", HostError.TIMED_OUT),
            Map.entry("Connection reset", HostError.RESET),
            Map.entry("Broken pipe", HostError.RESET),
            Map.entry("Message too long", HostError.TOO_BIG),
            Map.entry("Too many open files", HostError.NO_RESOURCES),
            Map.entry("Cannot assign requested address", HostError.NO_RESOURCES),
            Map.entry("Can't assign requested address", HostError.NO_RESOURCES),
            Map.entry("Address already in use", HostError.NO_RESOURCES),
            Map.entry("No buffer space available", HostError.NO_RESOURCES),
            Map.entry("Cannot allocate memory", HostError.NO_RESOURCES));

    private HostErrors() {}

    static HostError classify(Exception e) {
        String text = e.getMessage();
        if (text != null) {
            for (Map.Entry<String, HostError> entry : BY_TEXT.entrySet()) {
                if (text.startsWith(entry.getKey())) {
                    return entry.getValue();
                }
            }
        }
        return switch (e) {
            case PortUnreachableException _, ConnectException _ -> HostError.REFUSED;
            case NoRouteToHostException _ -> HostError.HOST_UNREACHABLE;
            case BindException _ -> HostError.NO_RESOURCES;
            // The last one: a host without IPv6.
            case UnresolvedAddressException _, UnsupportedAddressTypeException _, UnsupportedOperationException _ ->
                HostError.NETWORK_UNREACHABLE;
            default -> HostError.OTHER;
        };
    }
}

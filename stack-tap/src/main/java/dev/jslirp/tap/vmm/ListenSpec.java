package dev.jslirp.tap.vmm;

import dev.jslirp.tap.linux.UnixPeer;
import dev.jslirp.wire.IpAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Where guests are waited for, as the command line has it: `toString` is what [#parse] reads.
public sealed interface ListenSpec {
    /// `stream:/path`: frames behind their lengths on a unix stream socket.
    record UnixStream(Path path) implements ListenSpec {
        @Override
        public String toString() {
            return "stream:" + path;
        }
    }

    /// `stream:HOST:PORT`: the same on TCP; port 0 lets the host choose one.
    record TcpStream(IpAddress address, int port) implements ListenSpec {
        @Override
        public String toString() {
            return "stream:" + (address.isV4() ? address : "[" + address + "]") + ":" + port;
        }
    }

    /// `dgram:/path`: a frame per datagram on a unix datagram socket.
    record UnixDatagram(Path path) implements ListenSpec {
        @Override
        public String toString() {
            return "dgram:" + path;
        }
    }

    /// `vhost-user:/path`: a virtio-net device in shared memory.
    record VhostUser(Path path) implements ListenSpec {
        @Override
        public String toString() {
            return "vhost-user:" + path;
        }
    }

    /// `stdio`: one guest, frames behind their lengths on standard input and output.
    record Stdio() implements ListenSpec {
        @Override
        public String toString() {
            return "stdio";
        }
    }

    /// What `--listen` takes, in a few words.
    String EXPECTED = "stream:/PATH, stream:HOST:PORT, dgram:/PATH, vhost-user:/PATH or stdio";

    /// Reads a specification. A path contains a slash.
    ///
    /// @throws IllegalArgumentException saying what is wrong with it
    static ListenSpec parse(String text) {
        if (text.equals("stdio")) {
            return new Stdio();
        }
        int colon = text.indexOf(':');
        String kind = colon < 0 ? text : text.substring(0, colon);
        String where = colon < 0 ? "" : text.substring(colon + 1);
        return switch (kind) {
            case "stream" -> where.contains("/") ? new UnixStream(path(text, where)) : tcp(text, where);
            case "dgram" -> new UnixDatagram(path(text, where));
            case "vhost-user" -> new VhostUser(path(text, where));
            default -> throw malformed(text);
        };
    }

    private static Path path(String text, String where) {
        if (!where.contains("/") || where.endsWith("/") || where.indexOf('\0') >= 0) {
            throw malformed(text);
        }
        if (where.getBytes(StandardCharsets.UTF_8).length > UnixPeer.PATH_BYTES_MAX) {
            throw new IllegalArgumentException("'" + text + "': a socket's path has at most " + UnixPeer.PATH_BYTES_MAX + " bytes");
        }
        return Path.of(where);
    }

    private static ListenSpec tcp(String text, String where) {
        int colon = where.lastIndexOf(':');
        String host = colon < 0 ? "" : where.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            throw malformed(text);
        }
        try {
            int port = Integer.parseInt(where.substring(colon + 1));
            if (port >= 0 && port <= 65_535) {
                return new TcpStream(IpAddress.parse(host), port);
            }
        } catch (IllegalArgumentException e) {
            // Told below; a name instead of an address is among the reasons.
        }
        throw new IllegalArgumentException("'" + text + "': expected an address and a port like 127.0.0.1:1234, or a path with a slash");
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException("'" + text + "': expected " + EXPECTED);
    }
}

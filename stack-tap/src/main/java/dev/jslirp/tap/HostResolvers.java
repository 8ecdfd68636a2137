package dev.jslirp.tap;

import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// The host's resolvers, from its resolv.conf; read again when the file changes.
final class HostResolvers implements Supplier<List<InetSocketAddress>> {
    private static final int DNS_PORT = 53;

    private final Path file;
    private FileTime read;
    private List<InetSocketAddress> resolvers = List.of();

    HostResolvers(Path file) {
        this.file = file;
    }

    /// The resolvers named in the file now, best first; those last known if it cannot be read.
    @Override
    public List<InetSocketAddress> get() {
        try {
            FileTime modified = Files.getLastModifiedTime(file);
            if (!modified.equals(read)) {
                resolvers = parse(Files.readAllLines(file));
                read = modified;
            }
        } catch (IOException e) {
            read = null;
        }
        return resolvers;
    }

    /// The `nameserver` lines; ones that are no numeric address (scoped IPv6) are skipped.
    static List<InetSocketAddress> parse(List<String> lines) {
        List<InetSocketAddress> found = new ArrayList<>();
        for (String line : lines) {
            String[] words = line.strip().split("\\s+");
            if (words.length >= 2 && words[0].equals("nameserver")) {
                try {
                    found.add(new InetSocketAddress(IpAddress.parse(words[1]).toInetAddress(), DNS_PORT));
                } catch (IllegalArgumentException e) {
                    // fe80::1%eth0 and the like
                }
            }
        }
        return List.copyOf(found);
    }
}

package dev.jslirp.tap;

import dev.jslirp.service.ResolvConf;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.function.Supplier;

/// The host's resolvers, from its resolv.conf; read again when the file changes.
final class HostResolvers implements Supplier<List<InetSocketAddress>> {
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
                resolvers = ResolvConf.nameservers(Files.readString(file));
                read = modified;
            }
        } catch (IOException e) {
            read = null;
        }
        return resolvers;
    }
}

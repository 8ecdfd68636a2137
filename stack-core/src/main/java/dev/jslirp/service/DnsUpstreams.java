package dev.jslirp.service;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// The resolvers to ask, the one that answered last first.
final class DnsUpstreams {
    private final Supplier<List<InetSocketAddress>> supplier;
    private final long refreshNs;
    private List<InetSocketAddress> current = List.of();
    private InetSocketAddress preferred;
    private boolean read;
    private long readNs;

    DnsUpstreams(Supplier<List<InetSocketAddress>> supplier, long refreshNs) {
        this.supplier = supplier;
        this.refreshNs = refreshNs;
    }

    /// The resolvers in the order to ask; immutable.
    List<InetSocketAddress> inOrder(long nowNs) {
        if (!read || nowNs - readNs >= refreshNs) {
            read = true;
            readNs = nowNs;
            current = supplier.get().stream().filter(upstream -> !upstream.isUnresolved()).toList();
            if (preferred != null) {
                prefer(preferred);
            }
        }
        return current;
    }

    /// This one answered.
    void prefer(InetSocketAddress upstream) {
        preferred = upstream;
        int at = current.indexOf(upstream);
        if (at > 0) {
            List<InetSocketAddress> reordered = new ArrayList<>(current);
            reordered.addFirst(reordered.remove(at));
            current = List.copyOf(reordered);
        }
    }
}

package dev.jslirp.lan;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// The address last leased to each MAC address, for guests that come back. Control plane: it allocates, per lease.
final class LeaseBook {
    private final int leasesMax;
    /// In the order in which they were told.
    private final LinkedHashMap<Long, Integer> addresses = new LinkedHashMap<>();
    private final Map<Integer, Long> holders = new HashMap<>();
    private long limits;

    LeaseBook(int leasesMax) {
        this.leasesMax = leasesMax;
    }

    /// An address has one holder, and a station one address.
    void put(long mac, int address) {
        Long holder = holders.put(address, mac);
        if (holder != null) {
            addresses.remove(holder);
        }
        Integer before = addresses.remove(mac);
        if (before != null && before != address) {
            holders.remove(before);
        }
        if (addresses.size() >= leasesMax) {
            limits++;
            holders.remove(addresses.pollFirstEntry().getValue());
        }
        addresses.put(mac, address);
    }

    /// The address of `mac`, or 0.
    int addressOf(long mac) {
        return addresses.getOrDefault(mac, 0);
    }

    long limits() {
        return limits;
    }
}

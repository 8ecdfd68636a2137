package dev.jslirp.lan;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/// Which MAC address is on which port: a chained hash table in arrays that are made once, for a guest chooses what comes in.
///
/// Each port's addresses are also a list, the one heard least recently first, which is the first to go. The hash is keyed by a
/// random number, so nobody chooses addresses that collide.
final class MacTable {
    private static final int NONE = -1;
    /// Addresses heard this recently need not move in their list: order to the second will do.
    private static final long MOVE_NS = 1_000_000_000L;

    private final int perPortMax;
    private final long ageNs;
    private final long key;
    private final int[] heads;
    private final long[] macs;
    private final SwitchPort[] ports;
    private final long[] heardNs;
    /// The next entry of the same hash, or the next free one.
    private final int[] chain;
    /// Neighbours in the list of the entry's port.
    private final int[] older;
    private final int[] newer;
    private int free;
    private int size;

    MacTable(SwitchConfig config, RandomGenerator random) {
        int capacity = config.macsMax();
        perPortMax = config.macsPerPortMax();
        ageNs = config.macAgeNs();
        key = random.nextLong() | 1;
        heads = new int[Integer.highestOneBit(capacity) * 2];
        Arrays.fill(heads, NONE);
        macs = new long[capacity];
        ports = new SwitchPort[capacity];
        heardNs = new long[capacity];
        chain = new int[capacity];
        older = new int[capacity];
        newer = new int[capacity];
        for (int entry = 0; entry < capacity; entry++) {
            chain[entry] = entry + 1 < capacity ? entry + 1 : NONE;
        }
    }

    int size() {
        return size;
    }

    /// The port where `mac` was heard not too long ago, or null.
    SwitchPort find(long mac, long nowNs) {
        int entry = entryOf(mac);
        if (entry == NONE) {
            return null;
        }
        if (nowNs - heardNs[entry] > ageNs) {
            forget(entry);
            return null;
        }
        return ports[entry];
    }

    /// Whether nothing is new about `mac` being heard at `port`. Marks it as heard.
    boolean heard(long mac, SwitchPort port, long nowNs) {
        int entry = entryOf(mac);
        if (entry == NONE || ports[entry] != port) {
            return false;
        }
        if (nowNs - heardNs[entry] > MOVE_NS) {
            heardNs[entry] = nowNs;
            unlink(entry);
            link(entry);
        }
        return true;
    }

    /// Remembers that `mac` is at `port` from now on.
    ///
    /// @param all every port of the switch
    void learn(long mac, SwitchPort port, SwitchPort[] all, long nowNs) {
        forget(mac);
        if (port.macs >= perPortMax) {
            port.macLimits++;
            forget(port.oldestMac);
        } else if (free == NONE) {
            port.macLimits++;
            forget(greediest(all).oldestMac);
        }
        int entry = free;
        free = chain[entry];
        int bucket = bucketOf(mac);
        chain[entry] = heads[bucket];
        heads[bucket] = entry;
        macs[entry] = mac;
        ports[entry] = port;
        heardNs[entry] = nowNs;
        link(entry);
        port.macs++;
        size++;
    }

    /// Forgets where `mac` is, if that is known.
    void forget(long mac) {
        int entry = entryOf(mac);
        if (entry != NONE) {
            forget(entry);
        }
    }

    /// Forgets every address of `port`.
    void forgetAll(SwitchPort port) {
        while (port.oldestMac != NONE) {
            forget(port.oldestMac);
        }
    }

    /// Only asked when the table is full, so one of them has an address.
    private static SwitchPort greediest(SwitchPort[] all) {
        SwitchPort greediest = all[0];
        for (SwitchPort port : all) {
            if (port.macs > greediest.macs) {
                greediest = port;
            }
        }
        return greediest;
    }

    private int bucketOf(long mac) {
        // The high half of a product depends on all bits of both factors.
        long product = (mac + key) * 0x9e37_79b9_7f4a_7c15L ^ key;
        return (int) (product * key >>> 32) & heads.length - 1;
    }

    private int entryOf(long mac) {
        int entry = heads[bucketOf(mac)];
        while (entry != NONE && macs[entry] != mac) {
            entry = chain[entry];
        }
        return entry;
    }

    private void forget(int entry) {
        int bucket = bucketOf(macs[entry]);
        if (heads[bucket] == entry) {
            heads[bucket] = chain[entry];
        } else {
            int before = heads[bucket];
            while (chain[before] != entry) {
                before = chain[before];
            }
            chain[before] = chain[entry];
        }
        unlink(entry);
        ports[entry].macs--;
        ports[entry] = null;
        chain[entry] = free;
        free = entry;
        size--;
    }

    private void link(int entry) {
        SwitchPort port = ports[entry];
        older[entry] = port.newestMac;
        newer[entry] = NONE;
        if (port.newestMac == NONE) {
            port.oldestMac = entry;
        } else {
            newer[port.newestMac] = entry;
        }
        port.newestMac = entry;
    }

    private void unlink(int entry) {
        SwitchPort port = ports[entry];
        if (older[entry] == NONE) {
            port.oldestMac = newer[entry];
        } else {
            newer[older[entry]] = newer[entry];
        }
        if (newer[entry] == NONE) {
            port.newestMac = older[entry];
        } else {
            older[newer[entry]] = older[entry];
        }
    }
}

package dev.jslirp.service;

import dev.jslirp.net.AddressPlan;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Which guest has which address. IPv4 addresses are 32 bits, 0 for none.
///
/// DEVIATION: leases are keyed by MAC address, not by client identifier (RFC 2131 §4.2), so that boot firmware, installer
/// and system of one machine, each with an identifier of its own, keep one address.
final class LeaseTable implements GuestNames {
    /// How long an offer is held open.
    static final long OFFER_NS = 60_000_000_000L;
    /// How long a declined address is not handed out.
    static final long QUARANTINE_NS = 600_000_000_000L;
    private static final long NOBODY = -1;
    private static final int LABEL_MAX = 63;
    /// Labels no guest may have: they are the gateway's, or make others trust whoever has them (web proxy and tunnel discovery).
    private static final Set<String> RESERVED_LABELS = Set.of("gateway", "host", "dns", "localhost", "wpad", "isatap");

    /// In the order in which entries give way when the table is full; BOUND never does.
    private enum State { FREE, OFFERED, DECLINED, BOUND }

    private static final class Entry {
        final long mac;
        final int address;
        State state;
        long untilNs;
        String hostname = "";
        /// What DNS calls it, empty when it has no name there; key of `byLabel`.
        String label = "";

        Entry(long mac, int address) {
            this.mac = mac;
            this.address = address;
        }
    }

    private final AddressPlan plan;
    private final Counters counters;
    private final int leasesMax;
    private final Map<Long, Integer> reservations = new HashMap<>();
    private final Set<Integer> reserved = new HashSet<>();
    private final Map<Long, Entry> byMac = new HashMap<>();
    private final Map<Integer, Entry> byAddress = new HashMap<>();
    /// At most one label per entry. A label of an entry no longer bound is free for others.
    private final Map<String, Entry> byLabel = new HashMap<>();

    /// @throws IllegalArgumentException naming a reservation that does not fit the plan
    LeaseTable(AddressPlan plan, DhcpConfig config, Counters counters) {
        this.plan = plan;
        this.counters = counters;
        this.leasesMax = config.leasesMax();
        config.reservations().forEach((mac, address) -> {
            if (!isGuestAddress(address.v4Bits())) {
                throw new IllegalArgumentException("reservation " + address + " for " + mac + " is not a guest address of "
                        + plan.network() + "/" + plan.prefixLength());
            }
            reservations.put(mac.bits(), address.v4Bits());
            reserved.add(address.v4Bits());
        });
    }

    /// Chooses an address for a guest and holds it for [#OFFER_NS], unless it is bound to it already.
    ///
    /// @param wanted the address the guest asks for, or 0
    /// @return 0 when none is left
    int offer(long mac, int wanted, long nowNs) {
        int address = choose(mac, wanted, nowNs);
        Entry entry = address == 0 ? null : claim(mac, address, nowNs);
        if (entry == null) {
            return 0;
        }
        if (entry.state != State.BOUND) {
            entry.state = State.OFFERED;
            entry.untilNs = nowNs + OFFER_NS;
        }
        return address;
    }

    /// Binds an address to a guest if it may have it; a guest has one address.
    ///
    /// @return the lease, or null
    Lease bind(long mac, int address, String hostname, long untilNs, long nowNs) {
        if (!mayHave(mac, address, nowNs)) {
            return null;
        }
        Entry entry = claim(mac, address, nowNs);
        if (entry == null) {
            return null;
        }
        entry.state = State.BOUND;
        entry.untilNs = untilNs;
        entry.hostname = hostname;
        register(entry, label(hostname), nowNs);
        return leaseOf(entry);
    }

    /// The guest gives its address back, or did not take the offer; it stays its first choice.
    void release(long mac, long nowNs) {
        Entry entry = byMac.get(mac);
        if (entry != null) {
            entry.state = State.FREE;
            entry.untilNs = nowNs;
        }
    }

    /// The guest found its address in use by somebody else.
    void decline(long mac, int address, long nowNs) {
        Entry entry = byMac.get(mac);
        if (entry == null || entry.address != address) {
            return;
        }
        remove(entry);
        Entry quarantined = new Entry(NOBODY, address);
        quarantined.state = State.DECLINED;
        quarantined.untilNs = nowNs + QUARANTINE_NS;
        byAddress.put(address, quarantined);
    }

    /// The address a guest has or had, or 0.
    int addressOf(long mac) {
        Entry entry = byMac.get(mac);
        return entry == null ? 0 : entry.address;
    }

    /// The leases in force, by address.
    List<Lease> leases(long nowNs) {
        List<Lease> leases = new ArrayList<>();
        for (Entry entry : byAddress.values()) {
            if (stateAt(entry, nowNs) == State.BOUND) {
                leases.add(leaseOf(entry));
            }
        }
        leases.sort(Comparator.comparingLong(lease -> lease.address().lo()));
        return leases;
    }

    @Override
    public int addressOf(String label, long nowNs) {
        Entry entry = byLabel.get(label);
        return entry != null && stateAt(entry, nowNs) == State.BOUND ? entry.address : 0;
    }

    @Override
    public String labelOf(int address, long nowNs) {
        Entry entry = byAddress.get(address);
        return entry != null && stateAt(entry, nowNs) == State.BOUND ? entry.label : "";
    }

    /// First come, first served: a label of one that is bound stays his.
    private void register(Entry entry, String label, long nowNs) {
        if (label.equals(entry.label)) {
            return;
        }
        unregister(entry);
        if (label.isEmpty()) {
            return;
        }
        Entry holder = byLabel.get(label);
        boolean taken = holder != null && stateAt(holder, nowNs) == State.BOUND;
        if (taken || RESERVED_LABELS.contains(label)) {
            counters.increment(Counter.DHCP_NAMES_REFUSED);
            return;
        }
        if (holder != null) {
            unregister(holder);
        }
        entry.label = label;
        byLabel.put(label, entry);
    }

    private void unregister(Entry entry) {
        byLabel.remove(entry.label, entry);
        entry.label = "";
    }

    /// The first label of a host name as letters, digits and inner hyphens (RFC 952, RFC 1123 §2.1), or nothing; digits alone
    /// would read as a number.
    static String label(String hostname) {
        int dot = hostname.indexOf('.');
        String label = (dot < 0 ? hostname : hostname.substring(0, dot)).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        label = label.substring(0, Math.min(label.length(), LABEL_MAX)).replaceAll("^-|-$", "");
        return label.matches("[0-9]*") ? "" : label;
    }

    /// Whether an address can belong to a guest at all.
    boolean isGuestAddress(int address) {
        long lo = IpAddress.v4Lo(address);
        return plan.contains(0, lo) && !plan.isOurs(0, lo) && lo != plan.network().lo() && lo != plan.broadcastLo();
    }

    private int choose(long mac, int wanted, long nowNs) {
        Integer reservation = reservations.get(mac);
        if (reservation != null) {
            return reservation;
        }
        Entry known = byMac.get(mac);
        if (known != null) {
            return known.address;
        }
        if (wanted != 0 && mayHave(mac, wanted, nowNs)) {
            return wanted;
        }
        Entry recycled = byAddress.size() < leasesMax ? null : worst(nowNs);
        if (byAddress.size() >= leasesMax && recycled == null) {
            return 0;
        }
        int unused = firstUnused();
        if (unused != 0) {
            return unused;
        }
        Entry victim = recycled == null ? worst(nowNs) : recycled;
        return victim == null ? 0 : victim.address;
    }

    /// The lowest address that has no entry; looks at no more addresses than there are entries and reservations.
    private int firstUnused() {
        for (int address = plan.firstLease().v4Bits(); isInside(address); address++) {
            if (isGuestAddress(address) && !reserved.contains(address) && !byAddress.containsKey(address)) {
                return address;
            }
        }
        return 0;
    }

    private boolean isInside(int address) {
        return plan.contains(0, IpAddress.v4Lo(address)) && IpAddress.v4Lo(address) != plan.broadcastLo();
    }

    private boolean mayHave(long mac, int address, long nowNs) {
        Integer reservation = reservations.get(mac);
        if (reservation != null) {
            return reservation == address;
        }
        Entry holder = byAddress.get(address);
        return isGuestAddress(address) && !reserved.contains(address)
                && (holder == null || holder.mac == mac || stateAt(holder, nowNs) == State.FREE);
    }

    /// The entry of `mac` for `address`, made if need be; whoever held either gives way. Null when the table is full.
    private Entry claim(long mac, int address, long nowNs) {
        Entry entry = byMac.get(mac);
        if (entry != null && entry.address == address) {
            if (stateAt(entry, nowNs) == State.FREE) {
                entry.state = State.FREE;
            }
            return entry;
        }
        if (entry != null) {
            remove(entry);
        }
        Entry holder = byAddress.get(address);
        if (holder != null) {
            remove(holder);
        }
        if (byAddress.size() >= leasesMax) {
            Entry victim = worst(nowNs);
            if (victim == null) {
                return null;
            }
            remove(victim);
        }
        Entry claimed = new Entry(mac, address);
        claimed.state = State.FREE;
        byMac.put(mac, claimed);
        byAddress.put(address, claimed);
        return claimed;
    }

    /// The entry that gives way first, null if all are bound.
    private Entry worst(long nowNs) {
        Entry worst = null;
        for (Entry entry : byAddress.values()) {
            State state = stateAt(entry, nowNs);
            if (state == State.BOUND || reserved.contains(entry.address)) {
                continue;
            }
            int order = worst == null ? -1 : state.compareTo(stateAt(worst, nowNs));
            if (order < 0 || order == 0 && entry.untilNs - worst.untilNs < 0) {
                worst = entry;
            }
        }
        return worst;
    }

    private static State stateAt(Entry entry, long nowNs) {
        return entry.untilNs - nowNs <= 0 ? State.FREE : entry.state;
    }

    private void remove(Entry entry) {
        byAddress.remove(entry.address, entry);
        byMac.remove(entry.mac, entry);
        unregister(entry);
    }

    private static Lease leaseOf(Entry entry) {
        return new Lease(new MacAddress(entry.mac), IpAddress.v4(entry.address), entry.hostname, entry.untilNs);
    }
}

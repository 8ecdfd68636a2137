package dev.jslirp.service;

import dev.jslirp.stats.Counter;
import dev.jslirp.time.Timed;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/// The UDP sockets of the forwarder: per resolver a bounded number of places, each empty or holding one socket.
///
/// The queries of a batch share a place drawn for them, and one system call; an empty one, or one whose socket is worn out, gets a fresh socket. So a quiet guest's queries leave from a fresh
/// port nearly every time, and a busy one's share at most `socketsMax` ports, which keep changing. One timer, armed only while a place
/// is filled, empties places.
final class DnsSockets implements Timed {
    private final DnsForwarder forwarder;
    private final Map<InetSocketAddress, DnsSocket[]> placesOf = new HashMap<>();
    private final int timer;
    /// What this batch has drawn, or null.
    private DnsSocket last;
    private InetSocketAddress lastUpstream;

    DnsSockets(DnsForwarder forwarder) {
        this.forwarder = forwarder;
        this.timer = forwarder.wheel.add(this);
    }

    /// A socket for one query to `upstream`: that of the batch's queries before it, or one drawn at random; any open one when the host gives
    /// no more.
    ///
    /// @return null when the host gives none, and none is open
    DnsSocket draw(InetSocketAddress upstream, long nowNs) {
        if (last == null || last.isWornOut(nowNs) || !upstream.equals(lastUpstream)) {
            last = drawPlace(upstream, nowNs);
            lastUpstream = upstream;
        }
        return last;
    }

    /// The next query draws anew.
    void onBatchEnd() {
        last = null;
    }

    private DnsSocket drawPlace(InetSocketAddress upstream, long nowNs) {
        if (placesOf.isEmpty()) {
            forwarder.wheel.arm(timer, nowNs + forwarder.config.socketIdleNs());
        }
        DnsSocket[] places = placesOf.computeIfAbsent(upstream, _ -> new DnsSocket[forwarder.config.socketsMax()]);
        int at = forwarder.random.nextInt(places.length);
        DnsSocket socket = places[at];
        if (socket != null && !socket.isWornOut(nowNs)) {
            return socket;
        }
        try {
            DnsSocket fresh = new DnsSocket(forwarder, upstream, nowNs);
            places[at] = fresh;
            if (socket != null) {
                socket.retire();
            }
            return fresh;
        } catch (IOException e) {
            forwarder.counters.increment(Counter.DNS_SOCKETS_REFUSED);
            return anyFrom(places, at);
        }
    }

    private static DnsSocket anyFrom(DnsSocket[] places, int first) {
        for (int i = 0; i < places.length; i++) {
            DnsSocket socket = places[(first + i) % places.length];
            if (socket != null && !socket.isRetired()) {
                return socket;
            }
        }
        return null;
    }

    /// Retires what is idle, worn out or has failed.
    @Override
    public void onDeadline(long nowNs) {
        Iterator<DnsSocket[]> all = placesOf.values().iterator();
        while (all.hasNext()) {
            if (!sweep(all.next(), nowNs)) {
                all.remove();
            }
        }
        if (!placesOf.isEmpty()) {
            forwarder.wheel.arm(timer, nowNs + forwarder.config.socketIdleNs());
        }
    }

    /// @return whether a place is still filled
    private static boolean sweep(DnsSocket[] places, long nowNs) {
        boolean filled = false;
        for (int i = 0; i < places.length; i++) {
            DnsSocket socket = places[i];
            if (socket == null) {
                continue;
            }
            if (socket.isIdle(nowNs) || socket.isWornOut(nowNs)) {
                socket.retire();
                places[i] = null;
            } else {
                filled = true;
            }
        }
        return filled;
    }

    /// Closes every socket in a place; those retired close with their last query.
    void close() {
        for (DnsSocket[] places : placesOf.values()) {
            for (DnsSocket socket : places) {
                if (socket != null) {
                    socket.retire();
                }
            }
        }
        placesOf.clear();
        last = null;
        forwarder.wheel.arm(timer, Long.MAX_VALUE);
    }
}

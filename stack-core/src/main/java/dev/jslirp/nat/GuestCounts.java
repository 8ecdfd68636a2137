package dev.jslirp.nat;

import dev.jslirp.wire.IpAddress;
import java.util.HashMap;
import java.util.Map;

/// How many flows each guest has. Looked at when a flow begins or ends, not per packet.
final class GuestCounts {
    private final Map<IpAddress, int[]> counts = new HashMap<>();

    /// Flows of this guest.
    int of(long hi, long lo) {
        int[] count = counts.get(new IpAddress(hi, lo));
        return count == null ? 0 : count[0];
    }

    /// Guests that have flows.
    int guests() {
        return counts.size();
    }

    void add(Flow flow) {
        counts.computeIfAbsent(new IpAddress(flow.guestHi, flow.guestLo), guest -> new int[1])[0]++;
    }

    void remove(Flow flow) {
        counts.computeIfPresent(new IpAddress(flow.guestHi, flow.guestLo), (guest, count) -> --count[0] == 0 ? null : count);
    }
}

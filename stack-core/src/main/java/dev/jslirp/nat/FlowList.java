package dev.jslirp.nat;

/// Flows of one kind in the order of their last activity, linked through the flows themselves: O(1)
/// for everything but [#victim]. A flow is in one list at a time.
final class FlowList {
    private Flow oldest;
    private Flow newest;
    private int size;
    private final GuestCounts guests = new GuestCounts();

    int size() {
        return size;
    }

    /// The flow that has been quiet for the longest time; null when empty.
    Flow oldest() {
        return oldest;
    }

    /// The flow that is to give way to a new one: the one quiet for longest among those of the guests that have more than
    /// their share, so a guest that opens many ends its own. Null when empty.
    Flow victim() {
        int share = guests.guests() == 0 ? 0 : size / guests.guests();
        Flow flow = oldest;
        while (flow != null && guests.of(flow.guestHi, flow.guestLo) < share) {
            flow = flow.newer;
        }
        return flow;
    }

    /// Whether this guest has its share of the list or more.
    boolean hasShare(long guestHi, long guestLo) {
        int own = guests.of(guestHi, guestLo);
        return own > 0 && own >= size / guests.guests();
    }

    /// Adds `flow` as the newest, taking it out of the list it is in.
    void add(Flow flow) {
        if (flow.list != null) {
            flow.list.remove(flow);
        }
        flow.list = this;
        append(flow);
        guests.add(flow.guestHi, flow.guestLo);
        size++;
    }

    /// `flow`, which is in this list, was active.
    void touch(Flow flow) {
        if (flow != newest) {
            unlink(flow);
            append(flow);
        }
    }

    /// Takes out `flow`, which is in this list.
    void remove(Flow flow) {
        unlink(flow);
        flow.list = null;
        guests.remove(flow.guestHi, flow.guestLo);
        size--;
    }

    private void append(Flow flow) {
        flow.older = newest;
        flow.newer = null;
        if (newest == null) {
            oldest = flow;
        } else {
            newest.newer = flow;
        }
        newest = flow;
    }

    private void unlink(Flow flow) {
        if (flow.older == null) {
            oldest = flow.newer;
        } else {
            flow.older.newer = flow.newer;
        }
        if (flow.newer == null) {
            newest = flow.older;
        } else {
            flow.newer.older = flow.older;
        }
        flow.older = null;
        flow.newer = null;
    }
}

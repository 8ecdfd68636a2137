package dev.jslirp.nat;

/// Flows of one kind in the order of their last activity, linked through the flows themselves: O(1)
/// for everything. A flow is in one list at a time.
final class FlowList {
    private Flow oldest;
    private Flow newest;
    private int size;

    int size() {
        return size;
    }

    /// The flow that has been quiet for the longest time; null when empty.
    Flow oldest() {
        return oldest;
    }

    /// Adds `flow` as the newest, taking it out of the list it is in.
    void add(Flow flow) {
        if (flow.list != null) {
            flow.list.remove(flow);
        }
        flow.list = this;
        flow.older = newest;
        if (newest == null) {
            oldest = flow;
        } else {
            newest.newer = flow;
        }
        newest = flow;
        size++;
    }

    /// `flow`, which is in this list, was active.
    void touch(Flow flow) {
        if (flow != newest) {
            remove(flow);
            add(flow);
        }
    }

    /// Takes out `flow`, which is in this list.
    void remove(Flow flow) {
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
        flow.list = null;
        size--;
    }
}

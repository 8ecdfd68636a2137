package dev.jslirp.tap.vhost;

import dev.jslirp.link.LinkCapabilities;

/// What a vhost-user device offers.
///
/// @param mtuBytes        largest IP packet of an ordinary frame, 68 … 65 535
/// @param queuePairs      pairs of a receive and a transmit queue the guest may use, 1 … [#QUEUE_PAIRS_MAX]
/// @param backlogBytesMax bytes that may wait for buffers of one receive queue; 0: none
public record VhostUserConfig(int mtuBytes, int queuePairs, int backlogBytesMax) {
    /// Most queue pairs; the message format has room for 128.
    public static final int QUEUE_PAIRS_MAX = 64;
    /// What streams have, too: a window of a Linux guest.
    private static final int BACKLOG_BYTES_MAX = 4 << 20;

    public VhostUserConfig {
        if (mtuBytes < LinkCapabilities.MIN_MTU || mtuBytes > LinkCapabilities.MAX_MTU) {
            throw new IllegalArgumentException("MTU " + mtuBytes + " is not within " + LinkCapabilities.MIN_MTU + " to "
                    + LinkCapabilities.MAX_MTU);
        }
        if (queuePairs < 1 || queuePairs > QUEUE_PAIRS_MAX) {
            throw new IllegalArgumentException(queuePairs + " queue pairs are not within 1 to " + QUEUE_PAIRS_MAX);
        }
        if (backlogBytesMax < 0) {
            throw new IllegalArgumentException("backlogBytesMax " + backlogBytesMax + " is negative");
        }
    }

    /// One queue pair, which serves a guest on our one thread as well as several.
    public static VhostUserConfig ofMtu(int mtuBytes) {
        return new VhostUserConfig(mtuBytes, 1, BACKLOG_BYTES_MAX);
    }

    /// This configuration with another bound of what waits.
    public VhostUserConfig withBacklogBytesMax(int changed) {
        return new VhostUserConfig(mtuBytes, queuePairs, changed);
    }
}

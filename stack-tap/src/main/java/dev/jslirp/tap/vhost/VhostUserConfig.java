package dev.jslirp.tap.vhost;

import dev.jslirp.link.LinkCapabilities;

/// What a vhost-user device offers.
///
/// @param mtuBytes   largest IP packet of an ordinary frame, 68 … 65 535
/// @param queuePairs pairs of a receive and a transmit queue the guest may use, 1 … [#QUEUE_PAIRS_MAX]
public record VhostUserConfig(int mtuBytes, int queuePairs) {
    /// Most queue pairs; the message format has room for 128.
    public static final int QUEUE_PAIRS_MAX = 64;

    public VhostUserConfig {
        if (mtuBytes < LinkCapabilities.MIN_MTU || mtuBytes > LinkCapabilities.MAX_MTU) {
            throw new IllegalArgumentException("MTU " + mtuBytes + " is not within " + LinkCapabilities.MIN_MTU + " to "
                    + LinkCapabilities.MAX_MTU);
        }
        if (queuePairs < 1 || queuePairs > QUEUE_PAIRS_MAX) {
            throw new IllegalArgumentException(queuePairs + " queue pairs are not within 1 to " + QUEUE_PAIRS_MAX);
        }
    }

    /// One queue pair, which serves a guest on our one thread as well as several.
    public static VhostUserConfig ofMtu(int mtuBytes) {
        return new VhostUserConfig(mtuBytes, 1);
    }
}

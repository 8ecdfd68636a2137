package dev.jslirp.simulation;

import dev.jslirp.link.LinkCapabilities;
import java.util.random.RandomGenerator;

/// What is wrong in one world. Probabilities are per frame, 0 switches the fault off; times in nanoseconds.
///
/// @param link           what the stack is told about the link
/// @param delayNs        one way
/// @param bitsPerSecond  0 for no limit
/// @param queueBytesMax  bytes that wait for a limited link, per direction; more are lost
/// @param quantumNs      frames arrive together at multiples of this; 0 for each on its own
/// @param loss           any frame, either way
/// @param ackLoss        TCP segments without payload
/// @param duplicate      the copy comes a little later
/// @param reorder        the frame is late
/// @param corrupt        one bit of the IP packet flips
/// @param pad            bytes behind the IP packet
/// @param stallNs        how long the link stands still now and then; what is sent meanwhile waits
/// @param clockJumpNs    how far time jumps now and then, all timers late
/// @param synFlood       whether a second guest floods
/// @param forwards       whether peers of the host connect to the guest
/// @param healNs         when all faults end
record Faults(LinkCapabilities link, long delayNs, long bitsPerSecond, int queueBytesMax, long quantumNs, double loss, double ackLoss,
        double duplicate, double reorder, double corrupt, double pad, long stallNs, long clockJumpNs, boolean synFlood, boolean forwards,
        long healNs) {
    static final long US = 1_000, MS = 1_000_000, S = 1_000_000_000;
    private static final double[] RATES = {0.001, 0.01, 0.03, 0.1, 0.25};

    /// Swarm: each fault is there or not, by the toss of a coin.
    static Faults draw(RandomGenerator random) {
        boolean offload = random.nextInt(3) == 0;
        int mtu = pick(random, 68, 100, 576, 1280, 1500, 1500, 1500, 9000, 65_520);
        LinkCapabilities link = offload ? LinkCapabilities.offloading(Math.max(mtu, 576), random.nextBoolean()) : LinkCapabilities.plain(mtu);
        long delayNs = pick(random, 0, 20 * US, 500 * US, 5 * MS, 50 * MS);
        long bitsPerSecond = random.nextInt(3) == 0 ? pick(random, 1_000_000L, 10_000_000L, 1_000_000_000L) : 0;
        return new Faults(link, delayNs, bitsPerSecond, pick(random, 20_000, 200_000, 2_000_000),
                random.nextBoolean() ? 0 : pick(random, 50 * US, MS),
                rate(random), rate(random), rate(random), rate(random), offload ? 0 : rate(random), rate(random),
                random.nextInt(3) == 0 ? pick(random, 100 * MS, 2 * S) : 0,
                random.nextInt(4) == 0 ? pick(random, 300 * MS, 10 * S, 100 * S) : 0,
                random.nextInt(5) == 0, random.nextBoolean(), random.nextLong(S, 10 * S));
    }

    /// A link without faults.
    static Faults none(LinkCapabilities link, long delayNs, long bitsPerSecond, int queueBytesMax) {
        return new Faults(link, delayNs, bitsPerSecond, queueBytesMax, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, false, Long.MAX_VALUE / 4);
    }

    Faults withLoss(double changed) {
        return new Faults(link, delayNs, bitsPerSecond, queueBytesMax, quantumNs, changed, ackLoss, duplicate, reorder, corrupt, pad,
                stallNs, clockJumpNs, synFlood, forwards, healNs);
    }

    private static double rate(RandomGenerator random) {
        return random.nextInt(3) != 0 ? 0 : RATES[random.nextInt(RATES.length)];
    }

    static int pick(RandomGenerator random, int... choices) {
        return choices[random.nextInt(choices.length)];
    }

    static long pick(RandomGenerator random, long... choices) {
        return choices[random.nextInt(choices.length)];
    }
}

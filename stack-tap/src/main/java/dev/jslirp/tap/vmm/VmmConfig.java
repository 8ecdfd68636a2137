package dev.jslirp.tap.vmm;

/// Sizes and limits of the links to virtual machine monitors.
///
/// @param mtuBytes      MTU of the guests' interfaces, 576 to 65 535
/// @param guestsMax     guests at a time, over all endpoints of a [VmmLink], 1 to 4 096
/// @param guarded       whether each guest is held to one MAC address and to the IPv4 address leased to it
/// @param queueBytesMax bytes that may wait for one guest; at least 128 KiB, to hold the largest frame
public record VmmConfig(int mtuBytes, int guestsMax, boolean guarded, int queueBytesMax) {
    private static final int GUESTS_MAX = 256;
    /// A window of a Linux guest: less loses segments at each burst, more only makes them late.
    private static final int QUEUE_BYTES_MAX = 4 << 20;
    private static final int QUEUE_BYTES_LEAST = 128 << 10;

    /// @throws IllegalArgumentException if the queue is too small; the other values are the switch's to check
    public VmmConfig {
        if (queueBytesMax < QUEUE_BYTES_LEAST) {
            throw new IllegalArgumentException("queueBytesMax " + queueBytesMax + " is below " + QUEUE_BYTES_LEAST);
        }
    }

    /// The usual limits.
    public static VmmConfig of(int mtuBytes) {
        return new VmmConfig(mtuBytes, GUESTS_MAX, false, QUEUE_BYTES_MAX);
    }

    /// This configuration, with guests held to their addresses or not.
    public VmmConfig withGuarded(boolean changed) {
        return new VmmConfig(mtuBytes, guestsMax, changed, queueBytesMax);
    }
}

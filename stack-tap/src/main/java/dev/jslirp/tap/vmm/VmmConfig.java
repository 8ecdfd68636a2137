package dev.jslirp.tap.vmm;

/// Sizes and limits of the links to virtual machine monitors.
///
/// @param mtuBytes      MTU of the guests' interfaces, 68 to 65 535
/// @param guestsMax     guests at a time, over all endpoints of a [VmmLink]
/// @param queueBytesMax bytes that may wait for one guest
public record VmmConfig(int mtuBytes, int guestsMax, int queueBytesMax) {
    private static final int GUESTS_MAX = 256;
    /// A few windows of a Linux guest: less loses segments at each burst, more only makes them late.
    private static final int QUEUE_BYTES_MAX = 4 << 20;

    /// The usual limits.
    public static VmmConfig of(int mtuBytes) {
        return new VmmConfig(mtuBytes, GUESTS_MAX, QUEUE_BYTES_MAX);
    }
}

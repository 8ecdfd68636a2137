package dev.jslirp.link;

/// What a link can carry.
///
/// @param mtuBytes         largest IP packet of an ordinary frame, 68 … 65 535 (RFC 791)
/// @param checksumOffload  the guest completes checksums of frames marked `NEEDS_CSUM`, and may send such frames itself
/// @param tcpSegmentation  TCP super-frames (TSO) are taken
/// @param udpSegmentation  UDP super-frames (USO) are taken
/// @param maxFrameBytes    largest frame with segmentation, Ethernet header included
public record LinkCapabilities(int mtuBytes, boolean checksumOffload, boolean tcpSegmentation, boolean udpSegmentation,
        int maxFrameBytes) {
    /// Smallest MTU IPv4 allows (RFC 791 §3.2).
    public static final int MIN_MTU = 68;
    /// Largest MTU.
    public static final int MAX_MTU = 65_535;
    /// Bytes of an Ethernet header.
    private static final int ETHERNET_HEADER = 14;

    public LinkCapabilities {
        if (mtuBytes < MIN_MTU || mtuBytes > MAX_MTU) {
            throw new IllegalArgumentException("MTU " + mtuBytes + " is not within " + MIN_MTU + " to " + MAX_MTU);
        }
        if ((tcpSegmentation || udpSegmentation) && !checksumOffload) {
            throw new IllegalArgumentException("segmentation offload needs checksum offload");
        }
        if (maxFrameBytes < mtuBytes + ETHERNET_HEADER) {
            throw new IllegalArgumentException("maxFrameBytes " + maxFrameBytes + " is below MTU + " + ETHERNET_HEADER);
        }
    }

    /// A plain Ethernet link without offloads.
    public static LinkCapabilities plain(int mtuBytes) {
        return new LinkCapabilities(mtuBytes, false, false, false, mtuBytes + ETHERNET_HEADER);
    }

    /// A link with a virtio-net header and every offload, whose frames are at most 64 KiB.
    public static LinkCapabilities offloading(int mtuBytes, boolean udpSegmentation) {
        return new LinkCapabilities(mtuBytes, true, true, udpSegmentation, 65_535 + ETHERNET_HEADER);
    }
}

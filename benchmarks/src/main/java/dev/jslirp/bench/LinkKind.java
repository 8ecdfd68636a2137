package dev.jslirp.bench;

import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.Offload;

/// Kinds of links: who computes checksums, and how large a segment gets.
public enum LinkKind {
    /// MTU 1500, checksums by jslirp.
    MTU_1500(LinkCapabilities.plain(1_500), 1_448),
    /// MTU 1500, checksums by the guest.
    MTU_1500_CSUM(new LinkCapabilities(1_500, true, false, false, 1_514), 1_448),
    /// MTU 65 520, checksums by jslirp.
    MTU_65520(LinkCapabilities.plain(65_520), 65_468),
    /// Super-segments and checksums by the guest, as over a TAP device with a virtio-net header.
    TSO(LinkCapabilities.offloading(1_500, false), 65_160);

    /// Offload state of a frame whose checksum need not be verified.
    static final long TRUSTED = Offload.pack(Offload.DATA_VALID, Offload.GSO_NONE, 0, 0, 0, 0);

    final LinkCapabilities capabilities;
    /// Payload of the largest segment with timestamps.
    final int segmentBytes;

    LinkKind(LinkCapabilities capabilities, int segmentBytes) {
        this.capabilities = capabilities;
        this.segmentBytes = segmentBytes;
    }

    /// Offload state of the guest's frames.
    long offload() {
        return capabilities.checksumOffload() ? TRUSTED : Offload.NONE;
    }
}

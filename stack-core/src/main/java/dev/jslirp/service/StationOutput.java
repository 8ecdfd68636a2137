package dev.jslirp.service;

import io.netty.buffer.ByteBuf;

/// Sends a UDP datagram to a station that may have no address yet (`FrameOutput::udpToStation`).
@FunctionalInterface
public interface StationOutput {
    /// Sends `length` bytes at `index` to this Ethernet address, IPv4 in mapped form. **Borrows** `payload`.
    void udpToStation(long dstMac, long srcLo, int srcPort, long dstLo, int dstPort, ByteBuf payload, int index, int length);
}

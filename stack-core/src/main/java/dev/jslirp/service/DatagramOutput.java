package dev.jslirp.service;

import io.netty.buffer.ByteBuf;

/// Sends a UDP datagram to a guest (`FrameOutput::udp`).
@FunctionalInterface
public interface DatagramOutput {
    /// Sends `length` bytes at `index`. **Borrows** `payload`.
    void udp(long srcHi, long srcLo, int srcPort, long dstHi, long dstLo, int dstPort, ByteBuf payload, int index, int length, long nowNs);
}

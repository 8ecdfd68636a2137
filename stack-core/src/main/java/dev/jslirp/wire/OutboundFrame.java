package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;

/// The one frame being sent to the guest: header bytes, a gather list of payload, and what is left to
/// the link's offloads. Exactly one instance per `GuestNetwork`, overwritten by every frame.
///
/// A `Link` **borrows** it: header and payload are valid during `transmit` only.
public final class OutboundFrame {
    /// Room for Ethernet, IPv6 with extension headers, and TCP with all options.
    public static final int HEADER_CAPACITY = 256;

    /// Ethernet header up to and including the transport header, reader index 0, at most
    /// [#HEADER_CAPACITY] bytes. Owned by the frame's creator, never released by a link.
    public final ByteBuf header;
    /// The bytes after the header.
    public final Payload payload = new Payload();
    /// See [Offload].
    public long offload;

    /// A frame that uses `header` as its header space.
    ///
    /// @param header a direct buffer of [#HEADER_CAPACITY] bytes; the caller keeps ownership
    public OutboundFrame(ByteBuf header) {
        this.header = header;
    }

    /// Bytes on the wire, Ethernet header included, check sequence not.
    public int length() {
        return header.readableBytes() + payload.length();
    }

    /// Copies the whole frame to `target` at its writer index; **borrows** `target`.
    public void copyTo(ByteBuf target) {
        target.writeBytes(header, header.readerIndex(), header.readableBytes());
        payload.copyTo(target);
    }
}

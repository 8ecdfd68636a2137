package dev.jslirp.net;

import dev.jslirp.link.HandOver;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Sends packets that belong to nothing here on to the next loop of the same network, which may know them: put together from fragments,
/// or come to a queue that is not their flow's.
public final class StrayOutput implements PacketTaker {
    private final AddressPlan plan;
    private final HandOver next;
    private final Counters counters;
    private final ByteBufAllocator allocator;

    /// Sends on to `next`.
    public StrayOutput(AddressPlan plan, HandOver next, Counters counters, ByteBufAllocator allocator) {
        this.plan = plan;
        this.next = next;
        this.counters = counters;
        this.allocator = allocator;
    }

    /// Takes every packet; what the next loop has no room for is dropped.
    @Override
    public boolean takes(PacketView packet, ByteBuf frame, long nowNs) {
        int length = EthernetHeader.LENGTH + packet.l3Length;
        ByteBuf whole = allocator.directBuffer(length, length);
        try {
            // A reassembled packet has lost its Ethernet header.
            whole.setIndex(0, length);
            EthernetHeader.write(whole, 0, plan.gatewayMac().bits(), packet.srcMac, EthernetHeader.TYPE_IPV4);
            whole.setBytes(EthernetHeader.LENGTH, frame, packet.l3Offset, packet.l3Length);
            if (next.offer(whole, packet.offload)) {
                counters.increment(Counter.FRAMES_HANDED_OVER);
            } else {
                counters.drop(DropReason.HAND_OVER_FULL);
            }
        } finally {
            whole.release();
        }
        return true;
    }

    /// Lets the next loop see them; once per batch.
    public void submit() {
        next.submit();
    }
}

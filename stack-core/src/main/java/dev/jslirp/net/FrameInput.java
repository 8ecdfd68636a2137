package dev.jslirp.net;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where every frame from the guest enters: Ethernet, and the frame path's only catch-all.
public final class FrameInput implements FrameReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(FrameInput.class);

    private final LongSupplier batch;
    private final AddressPlan plan;
    private final int frameBytesMax;
    private final ArpResponder arp;
    private final Ipv4Input ipv4;
    private final Counters counters;
    /// The one view of this network.
    private final PacketView view = new PacketView();

    /// An entry that takes frames of at most `frameBytesMax` bytes.
    ///
    /// @param batch opens a batch and tells its time in nanoseconds: `Batch::begin`
    public FrameInput(LongSupplier batch, AddressPlan plan, int frameBytesMax, ArpResponder arp, Ipv4Input ipv4, Counters counters) {
        this.batch = batch;
        this.plan = plan;
        this.frameBytesMax = frameBytesMax;
        this.arp = arp;
        this.ipv4 = ipv4;
        this.counters = counters;
    }

    @Override
    public void onFrame(ByteBuf frame, long offload) {
        long nowNs = batch.getAsLong();
        counters.increment(Counter.FRAMES_FROM_GUEST);
        counters.add(Counter.BYTES_FROM_GUEST, frame.readableBytes());
        try {
            receive(frame, offload, nowNs);
        } catch (RuntimeException e) {
            // Whatever a guest sends must not take down the loop that serves all guests. Malformed input never gets here.
            counters.drop(DropReason.INTERNAL);
            LOG.trace("frame of {} bytes", frame.readableBytes(), e);
        }
    }

    private void receive(ByteBuf frame, long offload, long nowNs) {
        int off = frame.readerIndex();
        int length = frame.readableBytes();
        DropReason reason = length > frameBytesMax ? DropReason.ETHERNET_LENGTH : EthernetHeader.decode(frame, off, length, view);
        if (reason == DropReason.NONE) {
            reason = filter();
        }
        if (reason != DropReason.NONE) {
            counters.drop(reason);
            return;
        }
        view.offload = offload;
        int l3 = off + EthernetHeader.LENGTH;
        int available = length - EthernetHeader.LENGTH;
        switch (view.etherType) {
            case EthernetHeader.TYPE_IPV4 -> ipv4.onPacket(view, frame, l3, available, nowNs);
            case EthernetHeader.TYPE_ARP -> arp.onArp(view, frame, l3, available, nowNs);
            default -> counters.drop(DropReason.ETHER_TYPE);
        }
    }

    private DropReason filter() {
        long ours = plan.gatewayMac().bits();
        if (view.dstMac != ours && view.dstMac != MacAddress.BROADCAST) {
            return DropReason.NOT_FOR_US;
        }
        // Our own address as the source: a frame of ours came back, or somebody poses as the gateway.
        return view.srcMac == ours ? DropReason.ETHERNET_SOURCE : DropReason.NONE;
    }
}

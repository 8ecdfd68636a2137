package dev.jslirp.net;

import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.time.Timed;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.Checksum;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IcmpHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// Puts fragments of guests together (RFC 791 §3.2, RFC 815), in bounded memory, time and work.
///
/// Every fragment is copied to a buffer of its size, so that what is held is what is counted, and the link gets its
/// buffer back. A datagram with overlapping or contradicting fragments is refused as a whole, the fragments still
/// to come included (RFC 5722 §4, applied to IPv4); an exact repetition is ignored. When memory or places
/// run out, the oldest datagram gives way.
public final class Ipv4Reassembler implements Timed, AutoCloseable {
    private static final int TOTAL_LENGTH = 2;
    private static final int FLAGS_AND_OFFSET = 6;

    private final NetConfig config;
    private final FrameOutput output;
    private final TimerWheel wheel;
    private final Counters counters;
    private final ByteBufAllocator allocator;
    private final int timer;
    /// In order of arrival, which is the order of expiry.
    private FragmentedDatagram oldest;
    private FragmentedDatagram newest;
    private int datagrams;
    private int heldBytes;

    /// An empty reassembler. The timer is taken from `wheel`; `allocator` gives the memory of fragments.
    public Ipv4Reassembler(NetConfig config, FrameOutput output, TimerWheel wheel, Counters counters, ByteBufAllocator allocator) {
        this.config = config;
        this.output = output;
        this.wheel = wheel;
        this.counters = counters;
        this.allocator = allocator;
        this.timer = wheel.add(this);
    }

    /// Takes the fragment in hand. **Borrows** `frame`.
    ///
    /// @return the whole packet, IP header at index 0, **owned** by the caller; null while fragments are missing
    ByteBuf add(PacketView view, ByteBuf frame, long nowNs) {
        counters.increment(Counter.FRAGMENTS_RECEIVED);
        FragmentedDatagram datagram = find(view);
        if (datagram == null) {
            datagram = begin(view, nowNs);
        }
        if (datagram == null) {
            counters.increment(Counter.REASSEMBLY_LIMIT);
            counters.drop(DropReason.FRAGMENT_LIMIT);
            return null;
        }
        if (datagram.refusal != DropReason.NONE) {
            counters.drop(datagram.refusal);
            return null;
        }
        int place = datagram.fits(view) ? datagram.place(view, frame) : FragmentedDatagram.CONFLICT;
        if (place == FragmentedDatagram.DUPLICATE) {
            return null;
        }
        if (place == FragmentedDatagram.CONFLICT) {
            refuse(datagram, DropReason.FRAGMENT_MALFORMED);
            return null;
        }
        if (datagram.fragments() == config.reassemblyFragmentsMax() || !makeRoom(datagram, view.l3Length)) {
            counters.increment(Counter.REASSEMBLY_LIMIT);
            refuse(datagram, DropReason.FRAGMENT_LIMIT);
            return null;
        }
        keep(datagram, place, view, frame);
        return datagram.isComplete() ? complete(datagram) : null;
    }

    /// Gives up datagrams that grew too old (RFC 1122 §3.3.2).
    @Override
    public void onDeadline(long nowNs) {
        while (oldest != null && oldest.expiresNs - nowNs <= 0) {
            FragmentedDatagram datagram = oldest;
            if (datagram.refusal == DropReason.NONE) {
                counters.increment(Counter.REASSEMBLY_TIMEOUT);
                counters.drop(DropReason.FRAGMENT_TIMEOUT);
                ByteBuf first = datagram.first();
                if (first != null && datagram.answerable) {
                    output.icmpErrorQuoting(first, 0, first.writerIndex(), datagram.srcHi, datagram.srcLo, IcmpHeader.TIME_EXCEEDED,
                            IcmpHeader.REASSEMBLY_TIME_EXCEEDED, 0, nowNs);
                }
            }
            remove(datagram);
        }
        arm();
    }

    /// Bytes held in fragments.
    int heldBytes() {
        return heldBytes;
    }

    /// Datagrams known, refused ones included.
    int datagrams() {
        return datagrams;
    }

    /// Releases everything held, and the timer. Once.
    @Override
    public void close() {
        while (oldest != null) {
            remove(oldest);
        }
        wheel.remove(timer);
    }

    /// Newest first: fragments of one datagram nearly always arrive together.
    private FragmentedDatagram find(PacketView view) {
        FragmentedDatagram datagram = newest;
        while (datagram != null && !datagram.is(view)) {
            datagram = datagram.older;
        }
        return datagram;
    }

    private FragmentedDatagram begin(PacketView view, long nowNs) {
        if (config.reassemblyDatagramsMax() == 0) {
            return null;
        }
        if (datagrams == config.reassemblyDatagramsMax()) {
            evictOldest();
        }
        FragmentedDatagram datagram = new FragmentedDatagram(view, nowNs + config.reassemblyAgeNs());
        datagram.older = newest;
        if (newest == null) {
            oldest = datagram;
            arm();
        } else {
            newest.newer = datagram;
        }
        newest = datagram;
        datagrams++;
        return datagram;
    }

    /// Evicts older datagrams until `bytes` more may be held for `datagram`.
    private boolean makeRoom(FragmentedDatagram datagram, int bytes) {
        while (heldBytes + (long) bytes > config.reassemblyBytesMax() && oldest != datagram) {
            evictOldest();
        }
        return heldBytes + (long) bytes <= config.reassemblyBytesMax();
    }

    private void keep(FragmentedDatagram datagram, int place, PacketView view, ByteBuf frame) {
        ByteBuf copy = allocator.directBuffer(view.l3Length, view.l3Length);
        copy.writeBytes(frame, view.l3Offset, view.l3Length);
        heldBytes += copy.capacity();
        datagram.insert(place, view, copy);
        if (view.fragmentOffset == 0) {
            datagram.answerable = output.mayBeAnswered(view, frame);
        }
    }

    private ByteBuf complete(FragmentedDatagram datagram) {
        int length = datagram.assembledLength();
        if (length > Ipv4Header.MAX_TOTAL_LENGTH) {
            // The first header was longer than the last one, whose sum had fitted.
            refuse(datagram, DropReason.FRAGMENT_MALFORMED);
            return null;
        }
        ByteBuf whole = allocator.directBuffer(length, length);
        datagram.assemble(whole);
        int headerLength = (whole.getByte(0) & 0xf) * 4;
        whole.setShort(TOTAL_LENGTH, length);
        whole.setShort(FLAGS_AND_OFFSET, 0);
        whole.setShort(Ipv4Header.CHECKSUM, 0);
        whole.setShort(Ipv4Header.CHECKSUM, Checksum.of(whole, 0, headerLength));
        remove(datagram);
        arm();
        counters.increment(Counter.DATAGRAMS_REASSEMBLED);
        return whole;
    }

    private void refuse(FragmentedDatagram datagram, DropReason reason) {
        counters.drop(reason);
        datagram.refusal = reason;
        heldBytes -= datagram.heldBytes();
        datagram.release();
    }

    private void evictOldest() {
        counters.increment(Counter.REASSEMBLY_LIMIT);
        counters.drop(DropReason.FRAGMENT_LIMIT);
        remove(oldest);
        arm();
    }

    private void remove(FragmentedDatagram datagram) {
        heldBytes -= datagram.heldBytes();
        datagram.release();
        if (datagram.older == null) {
            oldest = datagram.newer;
        } else {
            datagram.older.newer = datagram.newer;
        }
        if (datagram.newer == null) {
            newest = datagram.older;
        } else {
            datagram.newer.older = datagram.older;
        }
        datagrams--;
    }

    private void arm() {
        wheel.arm(timer, oldest == null ? Long.MAX_VALUE : oldest.expiresNs);
    }
}

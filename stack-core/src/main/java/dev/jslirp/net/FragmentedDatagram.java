package dev.jslirp.net;

import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayList;
import java.util.List;

/// The fragments of one datagram so far, sorted and without overlap. Owns their bytes.
final class FragmentedDatagram {
    /// Bytes `offset` to `end` of the datagram's payload, behind `headerLength` bytes of IP header in `packet`.
    private record Fragment(ByteBuf packet, int headerLength, int offset, int end) {}

    /// Answers of [#place] other than an index.
    static final int DUPLICATE = -1, CONFLICT = -2;

    final long srcHi;
    final long srcLo;
    final long dstHi;
    final long dstLo;
    final int protocol;
    final int identification;
    final long expiresNs;
    /// Whether an ICMP error may be sent when time runs out; known once the first fragment is here.
    boolean answerable;
    /// Why all further fragments are dropped, NONE while they are taken.
    DropReason refusal = DropReason.NONE;
    FragmentedDatagram older;
    FragmentedDatagram newer;

    private final List<Fragment> fragments = new ArrayList<>(4);
    /// Payload length of the datagram, -1 until the last fragment is here.
    private int length = -1;
    private int received;
    private int heldBytes;

    FragmentedDatagram(PacketView view, long expiresNs) {
        srcHi = view.srcHi;
        srcLo = view.srcLo;
        dstHi = view.dstHi;
        dstLo = view.dstLo;
        protocol = view.protocol;
        identification = view.identification;
        this.expiresNs = expiresNs;
    }

    /// RFC 791 §3.2: source, destination, protocol and identification tell datagrams apart.
    boolean is(PacketView view) {
        return identification == view.identification && srcLo == view.srcLo && dstLo == view.dstLo && protocol == view.protocol
                && srcHi == view.srcHi && dstHi == view.dstHi;
    }

    /// Whether a fragment has a length a fragment can have, and agrees with where the datagram ends.
    boolean fits(PacketView view) {
        int end = view.fragmentOffset + view.l4Length;
        if (view.l4Length == 0 || view.l3HeaderLength + end > Ipv4Header.MAX_TOTAL_LENGTH) {
            return false;
        }
        if (view.moreFragments) {
            return (view.l4Length & 7) == 0 && (length == -1 || end < length);
        }
        int highest = fragments.isEmpty() ? 0 : fragments.getLast().end;
        return length == -1 ? end >= highest : end == length;
    }

    /// Where a fragment belongs among those present, [#DUPLICATE], or [#CONFLICT] when it overlaps another or
    /// repeats one with other bytes. **Borrows** `frame`.
    int place(PacketView view, ByteBuf frame) {
        int end = view.fragmentOffset + view.l4Length;
        int index = firstEndingBehind(view.fragmentOffset);
        if (index == fragments.size() || fragments.get(index).offset >= end) {
            return index;
        }
        Fragment other = fragments.get(index);
        boolean same = other.offset == view.fragmentOffset && other.end == end
                && ByteBufUtil.equals(other.packet, other.headerLength, frame, view.l4Offset, view.l4Length);
        return same ? DUPLICATE : CONFLICT;
    }

    /// Index of the first fragment that ends behind `offset`. They nearly always arrive in order, so the end is tried first.
    private int firstEndingBehind(int offset) {
        int low = 0;
        int high = fragments.size();
        if (high == 0 || fragments.getLast().end <= offset) {
            return high;
        }
        while (low < high) {
            int middle = low + high >>> 1;
            if (fragments.get(middle).end <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// Adds a fragment at an index from [#place]. **Consumes** `packet`, a copy of IP header and payload.
    void insert(int index, PacketView view, ByteBuf packet) {
        int end = view.fragmentOffset + view.l4Length;
        fragments.add(index, new Fragment(packet, view.l3HeaderLength, view.fragmentOffset, end));
        received += view.l4Length;
        heldBytes += packet.capacity();
        if (!view.moreFragments) {
            length = end;
        }
    }

    /// Whether every byte is here: there is no overlap, so counting them is enough.
    boolean isComplete() {
        return received == length;
    }

    /// The whole packet, into `target`: header of the first fragment (RFC 791 §3.2), payload of all. **Borrows** `target`.
    void assemble(ByteBuf target) {
        Fragment first = fragments.getFirst();
        target.writeBytes(first.packet, 0, first.headerLength);
        for (int i = 0; i < fragments.size(); i++) {
            Fragment fragment = fragments.get(i);
            target.writeBytes(fragment.packet, fragment.headerLength, fragment.end - fragment.offset);
        }
    }

    /// Bytes [#assemble] writes.
    int assembledLength() {
        return fragments.getFirst().headerLength + length;
    }

    /// The first fragment from its IP header on, borrowed; null while it is missing.
    ByteBuf first() {
        return fragments.isEmpty() || fragments.getFirst().offset != 0 ? null : fragments.getFirst().packet;
    }

    int fragments() {
        return fragments.size();
    }

    int heldBytes() {
        return heldBytes;
    }

    /// Frees the bytes; the datagram stays known.
    void release() {
        for (int i = 0; i < fragments.size(); i++) {
            fragments.get(i).packet.release();
        }
        fragments.clear();
        heldBytes = 0;
    }
}

package dev.jslirp.tap.vmm;

import dev.jslirp.link.Link;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.linux.UnixDatagramReceiver;
import dev.jslirp.tap.linux.UnixDatagramSender;
import dev.jslirp.tap.linux.UnixListener;
import dev.jslirp.tap.linux.UnixPeer;
import dev.jslirp.time.Reactor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/// A unix datagram socket: every address that sends to it is a guest.
final class DatagramEndpoint implements Endpoint, GuestOwner {
    /// Times [UnixDatagramReceiver#SLOTS] datagrams taken per readiness; then the loop's other work has its turn.
    private static final int READS_PER_READINESS = 4;
    /// "VFKT": how vfkit and krunkit make themselves known before they send a frame.
    private static final int REGISTRATION = 0x56464b54;
    /// As [dev.jslirp.tap.TapLink] has it: where a copy out of the buffer begins matters.
    private static final int FRAME_OFFSET = 256;
    private static final long RETRY_NS = 1_000_000;
    /// The part of the send buffer that guests may fill that have not been heard for long.
    private static final int CROWDED_PART = 2;

    private final ListenSpec.UnixDatagram spec;
    private final Guests guests;
    private final UnixListener socket;
    private final FdWatch watch;
    private final Reactor reactor;
    private final UnixDatagramReceiver receiver;
    private final UnixDatagramSender sender;
    private final ByteBuf[] slots = new ByteBuf[UnixDatagramReceiver.SLOTS];
    private final List<DatagramLink> links = new ArrayList<>();
    private DatagramLink latest;
    private final int crowdedBytes;
    private boolean closed;

    /// Makes the socket.
    DatagramEndpoint(ListenSpec.UnixDatagram spec, Guests guests) throws TapException {
        this.spec = spec;
        this.guests = guests;
        socket = UnixListener.open(UnixListener.Kind.DATAGRAM, spec.path(), 0);
        try {
            watch = guests.loop().watch(socket.fd(), 0, _ -> receive());
        } catch (TapException e) {
            socket.close();
            throw e;
        }
        guests.enlargeBuffers(socket.fd());
        crowdedBytes = guests.calls().sendBufferBytes(socket.fd()) / CROWDED_PART;
        receiver = new UnixDatagramReceiver();
        sender = new UnixDatagramSender();
        reactor = guests.loop().newReactor();
        reactor.onWake(this::retry);
        for (int i = 0; i < slots.length; i++) {
            refill(i);
        }
    }

    private void refill(int slot) {
        int capacity = FRAME_OFFSET + FrameSplitter.FRAME_BYTES_MAX;
        slots[slot] = allocator().directBuffer(capacity, capacity);
        receiver.slot(slot, slots[slot].memoryAddress() + FRAME_OFFSET, FrameSplitter.FRAME_BYTES_MAX);
    }

    @Override
    public ListenSpec spec() {
        return spec;
    }

    @Override
    public void start() {
        watch.interest(EpollLoop.IN);
    }

    EpollLoop loop() {
        return guests.loop();
    }

    ByteBufAllocator allocator() {
        return guests.allocator();
    }

    int fd() {
        return socket.fd();
    }

    UnixDatagramSender sender() {
        return sender;
    }

    /// Whether so much of what went out by the endpoint's socket is unread that the rest of its buffer is for guests that are alive.
    boolean isCrowded() {
        return guests.calls().sendBufferUsedBytes(socket.fd()) > crowdedBytes;
    }

    private void receive() {
        for (int i = 0; i < READS_PER_READINESS && !closed; i++) {
            int count = receiver.receive(socket.fd());
            for (int slot = 0; slot < count && !closed; slot++) {
                take(slot);
            }
            if (count < UnixDatagramReceiver.SLOTS) {
                return;
            }
        }
    }

    private void take(int slot) {
        int length = receiver.length(slot);
        ByteBuf frame = slots[slot].setIndex(FRAME_OFFSET, FRAME_OFFSET + length);
        boolean registration = length == Integer.BYTES && frame.getInt(FRAME_OFFSET) == REGISTRATION;
        DatagramLink link = receiver.isCut(slot) || !receiver.hasSender(slot) ? null : linkOf(slot);
        if (link == null) {
            guests.refused();
            return;
        }
        link.heard();
        if (!registration) {
            link.receive(frame);
        }
        if (slots[slot] != null && slots[slot].refCnt() != 1) {
            slots[slot].release();
            refill(slot);
        }
    }

    /// The guest that sent the datagram, a new one if need be; null if it is turned away.
    private DatagramLink linkOf(int slot) {
        if (latest != null && receiver.isFrom(slot, latest.peer())) {
            return latest;
        }
        for (int i = 0; i < links.size(); i++) {
            if (receiver.isFrom(slot, links.get(i).peer())) {
                latest = links.get(i);
                return latest;
            }
        }
        return admit(receiver.sender(slot));
    }

    private DatagramLink admit(UnixPeer peer) {
        if (guests.areFull()) {
            guests.turnedAway(spec, peer.toString());
            return null;
        }
        DatagramLink link;
        try {
            link = new DatagramLink(this, peer, guests.config());
        } catch (TapException e) {
            guests.turnedAway(spec, peer.toString(), e.getMessage());
            return null;
        }
        if (!guests.admit(link, spec, peer.toString())) {
            link.close();
            return null;
        }
        links.add(link);
        latest = link;
        return link;
    }

    /// A guest whose datagrams go out by the endpoint's socket waits for room, of which nothing tells.
    void retryLater() {
        reactor.wakeAt(reactor.nowNs() + RETRY_NS);
    }

    private void retry() {
        for (int i = 0; i < links.size() && !closed; i++) {
            if (links.get(i).isWaiting()) {
                links.get(i).retry();
            }
        }
    }

    @Override
    public void onGone(Link guest, String reason, boolean violation) {
        guests.dismiss(guest, spec, ((DatagramLink) guest).peer().toString(), reason, violation);
        links.remove(guest);
        latest = null;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        reactor.wakeAt(Long.MAX_VALUE);
        watch.cancel();
        socket.close();
        links.forEach(guests::release);
        links.clear();
        for (int i = 0; i < slots.length; i++) {
            slots[i].release();
            slots[i] = null;
        }
        receiver.close();
        sender.close();
    }
}

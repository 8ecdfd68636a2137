package dev.jslirp.tap.vhost;

import dev.jslirp.link.FrameReceiver;
import dev.jslirp.tap.linux.EpollLoop;
import dev.jslirp.tap.linux.EventFd;
import dev.jslirp.tap.linux.FdWatch;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.SharedMemory;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBufAllocator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// One front end from its connection to its end: what it has told us, and the rings it shares.
final class FrontEndSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FrontEndSession.class);
    /// Messages taken per readiness; then the loop's other work has its turn.
    private static final int MESSAGES_PER_READINESS = 16;
    /// Of a message with a descriptor: the ring, and that there is none.
    private static final int RING_MASK = 0xff;
    private static final int NO_DESCRIPTOR = 0x100;
    private static final int REGION_BYTES = 32;
    private static final int REGIONS = 8;
    private static final long ACK = 0;
    private static final long NAK = 1;
    private static final String UNKNOWN = "unknown";

    private final EpollLoop loop;
    private final VhostUserConfig config;
    private final FrameReceiver receiver;
    private final Runnable onClosed;
    private final MessageChannel channel;
    private final GuestMemory memory = new GuestMemory();
    private final Ring[] rings;
    private final TransmitQueue transmit;
    private final ReceivePath receive;
    private FdWatch watch;
    private long features;
    private long protocolFeatures;
    private boolean replied;
    private boolean closed;
    private boolean brokenBefore;

    /// Serves the front end behind `channel`, which it owns.
    ///
    /// @param onClosed called once, at the end
    FrontEndSession(EpollLoop loop, MessageChannel channel, VhostUserConfig config, ByteBufAllocator allocator, FrameReceiver receiver,
            Runnable onClosed) {
        this.loop = loop;
        this.channel = channel;
        this.config = config;
        this.receiver = receiver;
        this.onClosed = onClosed;
        rings = new Ring[2 * config.queuePairs()];
        for (int i = 0; i < rings.length; i++) {
            rings[i] = new Ring(i, memory, this::turn);
        }
        transmit = new TransmitQueue(allocator);
        receive = new ReceivePath(loop, rings, config, allocator, this::broken);
    }

    /// Begins to listen to the front end.
    ///
    /// @throws TapException if its socket cannot be watched
    void start() throws TapException {
        watch = loop.watch(channel.fd(), EpollLoop.IN, _ -> onMessages());
        LOG.debug("front end connected");
    }

    /// Frames for which the guest had no room.
    long dropped() {
        return receive.dropped();
    }

    /// Frames of the guest that were refused.
    long refused() {
        return transmit.refused();
    }

    private void onMessages() {
        for (int i = 0; i < MESSAGES_PER_READINESS && !closed; i++) {
            switch (channel.read()) {
                case COMPLETE -> handleSafely();
                case PARTIAL -> {
                    return;
                }
                case ENDED -> {
                    LOG.debug("front end disconnected");
                    close();
                }
                case FAILED -> fail(channel.problem());
            }
        }
    }

    private void fail(String why) {
        LOG.warn("connection to the front end closed: {}", why);
        close();
    }

    /// A request may touch rings whose memory is gone.
    private void handleSafely() {
        try {
            handle();
        } catch (InternalError e) {
            memoryIsGone(e);
        }
    }

    private void handle() {
        int request = channel.request();
        int expected = Request.payloadBytes(request);
        if (expected >= 0 && channel.size() != expected) {
            fail("request " + request + " with " + channel.size() + " bytes instead of " + expected);
            return;
        }
        LOG.debug("request {}: {} bytes, {} descriptors", request, channel.size(), channel.descriptors());
        boolean wantsResult = channel.needsReply() && (protocolFeatures & Features.PROTOCOL_REPLY_ACK) != 0;
        replied = false;
        String problem = dispatch(request);
        if (problem != null) {
            LOG.debug("request {} refused: {}", request, problem);
        }
        if (!replied && wantsResult) {
            reply(problem == null ? ACK : NAK);
        } else if (problem != null && !problem.equals(UNKNOWN)) {
            fail("request " + request + ": " + problem);
        }
    }

    private String reply(long number) {
        replied = true;
        if (!channel.reply(number)) {
            fail(channel.problem());
        }
        return null;
    }

    /// @return null, or what is wrong
    private String dispatch(int request) {
        return switch (request) {
            case Request.GET_FEATURES -> reply(Features.offered(config));
            case Request.SET_FEATURES -> setFeatures(channel.longAt(0));
            case Request.SET_OWNER -> null;
            case Request.RESET_OWNER -> disableAll();
            case Request.GET_PROTOCOL_FEATURES -> reply(Features.PROTOCOL_OFFERED);
            case Request.SET_PROTOCOL_FEATURES -> setProtocolFeatures(channel.longAt(0));
            case Request.GET_QUEUE_NUM -> reply(config.queuePairs());
            case Request.NET_SET_MTU -> checkMtu(channel.longAt(0));
            case Request.SET_MEM_TABLE -> setMemoryTable();
            case Request.GET_MAX_MEM_SLOTS -> reply(GuestMemory.REGIONS_MAX);
            case Request.ADD_MEM_REG -> addRegion(8);
            case Request.REM_MEM_REG -> removeRegion();
            case Request.SET_VRING_NUM, Request.SET_VRING_ADDR, Request.SET_VRING_BASE, Request.GET_VRING_BASE,
                    Request.SET_VRING_ENABLE -> ringRequest(request, channel.intAt(0));
            case Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR -> ringDescriptor(request, channel.longAt(0));
            default -> UNKNOWN;
        };
    }

    private String setFeatures(long wanted) {
        if ((wanted & ~Features.offered(config)) != 0) {
            return "features 0x" + Long.toHexString(wanted) + " were not offered";
        }
        features = wanted;
        receive.features(wanted);
        for (Ring ring : rings) {
            ring.queue.features(wanted);
            if ((wanted & Features.PROTOCOL_FEATURES) == 0) {
                ring.enable(true);
            }
        }
        return null;
    }

    private String setProtocolFeatures(long wanted) {
        if ((wanted & ~Features.PROTOCOL_OFFERED) != 0) {
            return "protocol features 0x" + Long.toHexString(wanted) + " were not offered";
        }
        protocolFeatures = wanted;
        return null;
    }

    private String disableAll() {
        for (Ring ring : rings) {
            ring.enable(false);
            receive.abandon(ring);
        }
        return null;
    }

    /// What the front end tells the guest must be what the stack believes.
    private String checkMtu(long mtuBytes) {
        return mtuBytes >= config.mtuBytes() && mtuBytes <= 0xffff ? null
                : "the guest is told of an MTU of " + mtuBytes + ", below this network's " + config.mtuBytes();
    }

    private String setMemoryTable() {
        int count = channel.size() >= REGIONS ? channel.intAt(0) : -1;
        if (count < 0 || count > GuestMemory.REGIONS_MAX || channel.size() != REGIONS + count * REGION_BYTES) {
            return "a memory table of " + channel.size() + " bytes";
        }
        if (channel.descriptors() != count) {
            return "a memory table with " + channel.descriptors() + " descriptors for " + count + " regions";
        }
        leaveMemory();
        memory.close();
        String problem = null;
        for (int i = 0; i < count && problem == null; i++) {
            problem = addRegion(REGIONS + i * REGION_BYTES);
        }
        returnToMemory();
        return problem;
    }

    /// Maps the region described at `at` of the message, with the message's next descriptor.
    private String addRegion(int at) {
        int fd = channel.takeDescriptor();
        if (fd < 0) {
            return "a memory region without a descriptor";
        }
        if (!SharedMemory.cannotShrink(fd)) {
            LOG.debug("the guest's memory is not sealed against shrinking");
        }
        String problem = memory.add(channel.longAt(at), channel.longAt(at + 8), channel.longAt(at + 16), channel.longAt(at + 24), fd);
        Processes.close(fd);
        return problem;
    }

    private String removeRegion() {
        leaveMemory();
        boolean removed = memory.remove(channel.longAt(8), channel.longAt(16), channel.longAt(24));
        returnToMemory();
        return removed ? null : "no such memory region";
    }

    /// Before memory is unmapped: nothing may point there any more.
    private void leaveMemory() {
        for (Ring ring : rings) {
            if (ring.queue.usable()) {
                ring.tell();
            }
            ring.queue.detach();
        }
        receive.forget();
    }

    /// A ring that is not in the new memory stays unusable until it is placed anew.
    private void returnToMemory() {
        for (Ring ring : rings) {
            ring.queue.attach();
            proceed(ring);
        }
    }

    private String ringRequest(int request, int index) {
        if (index < 0 || index >= rings.length) {
            return "no ring " + Integer.toUnsignedString(index);
        }
        Ring ring = rings[index];
        int value = channel.intAt(4);
        switch (request) {
            case Request.SET_VRING_NUM -> {
                return ring.started() ? "a running ring cannot be resized" : ring.queue.resize(value);
            }
            case Request.SET_VRING_BASE -> {
                if (ring.started() || value < 0 || value > 0xffff) {
                    return "position " + Integer.toUnsignedString(value) + " of a ring that is " + (ring.started() ? "running" : "stopped");
                }
                ring.queue.position(value);
            }
            case Request.GET_VRING_BASE -> {
                return stop(ring);
            }
            case Request.SET_VRING_ENABLE -> {
                ring.enable(value != 0);
                if (value == 0) {
                    receive.abandon(ring);
                }
                proceed(ring);
            }
            default -> {
                return place(ring);
            }
        }
        return null;
    }

    private String place(Ring ring) {
        if (ring.queue.usable()) {
            ring.tell();
        }
        String problem = ring.queue.place(channel.longAt(8), channel.longAt(16), channel.longAt(24));
        proceed(ring);
        return problem;
    }

    private String stop(Ring ring) {
        if (ring.queue.usable()) {
            ring.tell();
        }
        ring.stop();
        receive.abandon(ring);
        ring.queue.repair();
        return reply(ring.index | (long) ring.queue.position() << 32);
    }

    private String ringDescriptor(int request, long what) {
        int index = (int) what & RING_MASK;
        if (index >= rings.length) {
            return "no ring " + index;
        }
        int fd = -1;
        if ((what & NO_DESCRIPTOR) == 0) {
            fd = channel.takeDescriptor();
            if (fd < 0 || !EventFd.adopt(fd)) {
                if (fd >= 0) {
                    Processes.close(fd);
                }
                return "no event descriptor";
            }
        }
        return switch (request) {
            case Request.SET_VRING_KICK -> kickBy(rings[index], fd);
            case Request.SET_VRING_CALL -> {
                rings[index].callBy(fd);
                yield null;
            }
            default -> {
                rings[index].errorBy(fd);
                yield null;
            }
        };
    }

    private String kickBy(Ring ring, int fd) {
        if (fd < 0) {
            return "a ring without kicks: polling is not supported";
        }
        try {
            ring.kickBy(fd, loop);
            return null;
        } catch (TapException e) {
            return e.getMessage();
        }
    }

    /// The ring may have work that no kick will tell of.
    private void proceed(Ring ring) {
        if (ring.running()) {
            ring.askForTurn(loop);
        }
    }

    /// Takes the guest's frames, or sends it those that wait. For buffers to receive into no kick is needed unless frames wait.
    private void turn(Ring ring) {
        if (closed || !ring.running()) {
            return;
        }
        try {
            ring.queue.kicksOff();
            if (ring.isTransmit()) {
                boolean more = transmit.drain(ring.queue, features, ring.enabled() ? receiver : null);
                if (!closed) {
                    afterTurn(ring, more);
                }
            } else {
                receive.turn(ring);
            }
        } catch (InternalError e) {
            memoryIsGone(e);
        }
    }

    private void afterTurn(Ring ring, boolean more) {
        if (ring.queue.fault() != null) {
            broken(ring);
        } else if (more || ring.queue.kicksOn()) {
            ring.askForTurn(loop);
        }
        ring.tell();
    }

    /// A guest can break its ring and restart it as often as it likes: only the first time is worth a line.
    private void broken(Ring ring) {
        LOG.atLevel(brokenBefore ? Level.DEBUG : Level.WARN).log("ring {} is broken: {}", ring.index, ring.queue.fault());
        brokenBefore = true;
        ring.signalError();
    }

    /// The front end has shrunk its file under our mapping.
    private void memoryIsGone(InternalError e) {
        LOG.debug("fault in the guest's memory", e);
        if (!closed) {
            fail("the guest's memory is gone");
        }
    }

    /// See [ReceivePath#transmit].
    void transmit(OutboundFrame frame) {
        try {
            receive.transmit(frame);
        } catch (InternalError e) {
            memoryIsGone(e);
        }
    }

    /// Shows the guest what was put into its buffers.
    void flush() {
        try {
            receive.flush();
        } catch (InternalError e) {
            memoryIsGone(e);
        }
    }

    /// Unmaps the guest's memory and closes every descriptor; idempotent.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (watch != null) {
            watch.cancel();
        }
        for (Ring ring : rings) {
            ring.release();
        }
        receive.close();
        memory.close();
        channel.close();
        transmit.close();
        onClosed.run();
    }
}

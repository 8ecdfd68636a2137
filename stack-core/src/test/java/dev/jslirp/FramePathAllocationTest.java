package dev.jslirp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.jslirp.host.HostAcceptor;
import dev.jslirp.host.HostDatagrams;
import dev.jslirp.host.HostDatagramsListener;
import dev.jslirp.host.HostEcho;
import dev.jslirp.host.HostEchoListener;
import dev.jslirp.host.HostListener;
import dev.jslirp.host.HostNetwork;
import dev.jslirp.host.HostStream;
import dev.jslirp.host.HostStreamListener;
import dev.jslirp.link.FrameReceiver;
import dev.jslirp.link.Link;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.testkit.EthernetFrame;
import dev.jslirp.testkit.Ipv4Packet;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.time.PumpReactor;
import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Frames through a whole network allocate nothing once it is warm: there is no garbage, however long it runs.
class FramePathAllocationTest {
    private static final int FRAMES = 100_000;
    private static final int WARM_UP = 30_000;
    /// What happens a few times, not per frame: a table that grows, a class that is initialised, a method that goes back to the interpreter.
    /// One object for every 25th frame would be more.
    private static final long ONCE_BYTES = 65_536;
    private static final long BATCH_NS = 10_000;
    private static final int PAYLOAD = 1_000;
    private static final int GUEST = AddressPlan.defaults().firstLease().v4Bits();
    private static final int FAR = IpAddress.parse("192.0.2.1").v4Bits();
    private static final int SEQ = 14 + 20 + 4;
    private static final int ACK = SEQ + 4;
    private static final long TRUSTED = Offload.pack(Offload.DATA_VALID, Offload.GSO_NONE, 0, 0, 0, 0);

    private final ResourceLeakDetector.Level leakLevel = ResourceLeakDetector.getLevel();
    private final PooledByteBufAllocator allocator;
    private final CountingLink link = new CountingLink();
    private final TakingHost host = new TakingHost();
    private final PumpReactor reactor = new PumpReactor(0, () -> {});
    private final GuestNetwork network;
    private final ByteBuf hostBytes;
    private long nowNs;
    private int guestSeq = 1;

    FramePathAllocationTest() {
        // The detector itself allocates, for every buffer.
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        allocator = new PooledByteBufAllocator(true, 0, 1, 8_192, 9, 64, 64, true);
        network = new GuestNetwork(GuestNetworkConfig.defaults(), link, host, reactor, new SplittableRandom(1), allocator);
        hostBytes = allocator.directBuffer(PAYLOAD).writeZero(PAYLOAD);
    }

    @BeforeEach
    void start() {
        network.start();
    }

    @AfterEach
    void close() {
        network.close();
        hostBytes.release();
        ResourceLeakDetector.setLevel(leakLevel);
    }

    @Test
    void tcpSegmentsFromTheGuest() {
        connect();
        ByteBuf frame = tcp(TcpSegment.ACK, PAYLOAD);
        assertNothingAllocated(() -> fromGuest(frame));
        assertEquals((long) (FRAMES + WARM_UP) * PAYLOAD, host.taken);
        frame.release();
    }

    @Test
    void tcpSegmentsTowardsTheGuest() {
        connect();
        ByteBuf acknowledgement = tcp(TcpSegment.ACK, 0);
        long before = link.payloadBytes;
        assertNothingAllocated(() -> {
            host.stream.onBytes(hostBytes.retainedSlice());
            endBatch();
            acknowledge(acknowledgement);
        });
        assertEquals((long) (FRAMES + WARM_UP) * PAYLOAD, link.payloadBytes - before);
        acknowledgement.release();
    }

    @Test
    void datagramsFromTheGuest() {
        ByteBuf frame = frame(Ipv4Packet.UDP, new UdpDatagram(5_000, 7_000, new byte[PAYLOAD]).encode(GUEST, FAR));
        assertNothingAllocated(() -> {
            link.receiver.onFrame(frame, TRUSTED);
            endBatch();
        });
        assertEquals((long) (FRAMES + WARM_UP) * PAYLOAD, host.taken);
        frame.release();
    }

    @Test
    void datagramsTowardsTheGuest() {
        ByteBuf frame = frame(Ipv4Packet.UDP, new UdpDatagram(5_000, 7_000, new byte[1]).encode(GUEST, FAR));
        link.receiver.onFrame(frame, TRUSTED);
        endBatch();
        IpAddress far = IpAddress.v4(FAR);
        long hi = far.hi();
        long lo = far.lo();
        assertNothingAllocated(() -> {
            host.datagrams.onDatagram(hostBytes, hi, lo, 7_000);
            endBatch();
        });
        assertTrue(link.frames >= FRAMES + WARM_UP);
        frame.release();
    }

    /// On a thread like those of event loops, since Netty recycles objects of such threads only.
    private static void assertNothingAllocated(Runnable oneFrame) {
        AtomicLong allocated = new AtomicLong(Long.MAX_VALUE);
        Thread loop = new FastThreadLocalThread(() -> {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            for (int i = 0; i < WARM_UP; i++) {
                oneFrame.run();
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < FRAMES; i++) {
                oneFrame.run();
            }
            allocated.set(threads.getCurrentThreadAllocatedBytes() - before);
        });
        loop.start();
        try {
            loop.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertTrue(allocated.get() < ONCE_BYTES, () -> allocated + " bytes for " + FRAMES + " frames");
    }

    private void connect() {
        fromGuest(tcp(TcpSegment.SYN, 0), 0);
        host.stream.onConnected();
        endBatch();
        link.seqEnd++;
        ByteBuf acknowledgement = tcp(TcpSegment.ACK, 0);
        acknowledge(acknowledgement);
        acknowledgement.release();
    }

    private void fromGuest(ByteBuf syn, int seq) {
        syn.setInt(SEQ, seq);
        link.receiver.onFrame(syn, TRUSTED);
        endBatch();
        syn.release();
    }

    private void fromGuest(ByteBuf data) {
        data.setInt(SEQ, guestSeq).setInt(ACK, link.seqEnd);
        guestSeq += PAYLOAD;
        link.receiver.onFrame(data, TRUSTED);
        endBatch();
    }

    private void acknowledge(ByteBuf frame) {
        frame.setInt(SEQ, guestSeq).setInt(ACK, link.seqEnd);
        link.receiver.onFrame(frame, TRUSTED);
        endBatch();
    }

    private void endBatch() {
        nowNs += BATCH_NS;
        reactor.poll(nowNs);
    }

    private ByteBuf tcp(int flags, int payloadBytes) {
        return frame(Ipv4Packet.TCP, new TcpSegment(5_000, 80, 0, 0, flags, 65_535, 0, List.of(), new byte[payloadBytes])
                .encode(GUEST, FAR));
    }

    private ByteBuf frame(int protocol, byte[] payload) {
        byte[] bytes = new EthernetFrame(AddressPlan.defaults().gatewayMac().bits(), 0x5254_0012_3456L, EthernetFrame.IPV4,
                Ipv4Packet.of(protocol, GUEST, FAR, payload).encode()).encode();
        return allocator.directBuffer(bytes.length).writeBytes(bytes);
    }

    /// Remembers of each frame what its guest must acknowledge.
    private static final class CountingLink implements Link {
        private FrameReceiver receiver;
        private int seqEnd;
        private long payloadBytes;
        private long frames;

        @Override
        public LinkCapabilities capabilities() {
            return new LinkCapabilities(1_500, true, false, false, 1_514);
        }

        @Override
        public void start(FrameReceiver frameReceiver) {
            receiver = frameReceiver;
        }

        @Override
        public void transmit(OutboundFrame frame) {
            frames++;
            payloadBytes += frame.payload.length();
            seqEnd = frame.header.getInt(SEQ) + frame.payload.length();
        }

        @Override
        public void flush() {}

        @Override
        public long dropped() {
            return 0;
        }

        @Override
        public void close() {}
    }

    /// Takes every byte and keeps none. Its two sockets are the network itself, for want of state.
    private static final class TakingHost implements HostNetwork, HostStream, HostDatagrams {
        private HostStreamListener stream;
        private HostDatagramsListener datagrams;
        private long taken;

        @Override
        public HostStream connect(InetSocketAddress remote, HostStreamListener listener) {
            stream = listener;
            return this;
        }

        @Override
        public HostDatagrams openDatagrams(InetSocketAddress local, InetAddress family, HostDatagramsListener listener) {
            datagrams = listener;
            return this;
        }

        @Override
        public HostListener listen(InetSocketAddress local, HostAcceptor acceptor) {
            throw new AssertionError();
        }

        @Override
        public HostEcho openEcho(InetAddress remote, HostEchoListener listener) {
            throw new AssertionError();
        }

        @Override
        public void write(ByteBuf bytes, int index, int length) {
            taken += length;
        }

        @Override
        public void send(ByteBuf bytes, int index, int length, long addressHi, long addressLo, int port) {
            taken += length;
        }

        @Override
        public void flush() {}

        @Override
        public int unsentBytes() {
            return 0;
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void reset() {}

        @Override
        public void close() {}

        @Override
        public void pauseReads() {}

        @Override
        public void resumeReads() {}

        @Override
        public InetSocketAddress localAddress() {
            return null;
        }

        @Override
        public InetSocketAddress remoteAddress() {
            return null;
        }
    }
}

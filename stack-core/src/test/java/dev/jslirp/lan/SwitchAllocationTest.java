package dev.jslirp.lan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
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
import dev.jslirp.wire.MacAddress;
import dev.jslirp.wire.Offload;
import dev.jslirp.wire.OutboundFrame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Frames through the switch allocate nothing once it is warm, whichever way they go and whatever must be done to them.
class SwitchAllocationTest {
    private static final int FRAMES = 30_000;
    private static final int WARM_UP = 30_000;
    /// What happens once, not per frame: a class that is initialised, code that is compiled. Less than a byte per frame.
    private static final long ONCE_BYTES = 16_384;
    private static final long ROUND_NS = 10_000;
    private static final AddressPlan PLAN = AddressPlan.defaults();
    private static final long GATEWAY_MAC = PLAN.gatewayMac().bits();
    private static final int SENDER = PLAN.firstLease().v4Bits(), TAKER = SENDER + 1;
    private static final long SENDER_MAC = 0x5254_0000_0001L, TAKER_MAC = 0x5254_0000_0002L;
    private static final int SUPER = 14_480;
    private static final int SEGMENTS = 10;

    private final ResourceLeakDetector.Level leakLevel = ResourceLeakDetector.getLevel();
    private final PooledByteBufAllocator allocator;
    private final PumpReactor reactor = new PumpReactor(0, () -> {});
    private final VirtualSwitch lan;
    private final CountingLink sender = new CountingLink(LinkCapabilities.offloading(1500, true));
    private final CountingLink taker = new CountingLink(LinkCapabilities.plain(1500));
    private final CountingLink uplink = new CountingLink(LinkCapabilities.plain(1500));
    private long nowNs;

    SwitchAllocationTest() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        allocator = new PooledByteBufAllocator(true, 0, 1, 8_192, 9, 64, 64, true);
        lan = new VirtualSwitch(SwitchConfig.defaults(1500), PLAN, reactor, new SplittableRandom(1), allocator);
        lan.add(PortConfig.guarded("sender"), sender);
        lan.add(PortConfig.open("taker"), taker);
        lan.lease(new MacAddress(SENDER_MAC), IpAddress.v4(SENDER));
        lan.start((frame, _) -> uplink.frames++);
        ByteBuf hello = frame(TAKER_MAC, GATEWAY_MAC, TAKER, SENDER, Ipv4Packet.UDP, new byte[20]);
        taker.receiver.onFrame(hello, Offload.NONE);
        hello.release();
    }

    @AfterEach
    void close() {
        lan.close();
        ResourceLeakDetector.setLevel(leakLevel);
    }

    @Test
    void framesUp() {
        ByteBuf frame = frame(SENDER_MAC, GATEWAY_MAC, SENDER, TAKER, Ipv4Packet.UDP, new byte[1_000]);
        assertNothingAllocated(() -> sender.receiver.onFrame(frame, Offload.NONE));
        assertEquals(FRAMES + WARM_UP + 1, uplink.frames);
        frame.release();
    }

    @Test
    void framesBetweenGuests() {
        ByteBuf frame = frame(SENDER_MAC, TAKER_MAC, SENDER, TAKER, Ipv4Packet.UDP, new byte[1_000]);
        assertNothingAllocated(() -> sender.receiver.onFrame(frame, Offload.NONE));
        assertEquals(FRAMES + WARM_UP, taker.frames);
        frame.release();
    }

    @Test
    void broadcasts() {
        ByteBuf frame = frame(SENDER_MAC, MacAddress.BROADCAST, SENDER, TAKER, Ipv4Packet.UDP, new byte[1_000]);
        assertNothingAllocated(() -> sender.receiver.onFrame(frame, Offload.NONE));
        assertEquals(FRAMES + WARM_UP, taker.frames);
        frame.release();
    }

    @Test
    void openChecksumsBetweenGuests() {
        ByteBuf frame = frame(SENDER_MAC, TAKER_MAC, SENDER, TAKER, Ipv4Packet.UDP,
                new UdpDatagram(1, 2, new byte[1_000]).encode(SENDER, TAKER));
        assertNothingAllocated(() -> sender.receiver.onFrame(frame, Offload.pack(Offload.NEEDS_CSUM, 0, 0, 42, 34, 6)));
        assertEquals(FRAMES + WARM_UP, taker.frames);
        frame.release();
    }

    @Test
    void superFramesBetweenGuests() {
        ByteBuf frame = superFrame(TAKER_MAC, SENDER_MAC);
        long offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 54, 34, 16);
        assertNothingAllocated(() -> sender.receiver.onFrame(frame, offload));
        assertEquals((long) SEGMENTS * (FRAMES + WARM_UP), taker.frames);
        frame.release();
    }

    @Test
    void superFramesOfTheNetwork() {
        ByteBuf frame = superFrame(TAKER_MAC, GATEWAY_MAC);
        OutboundFrame out = new OutboundFrame(allocator.directBuffer(OutboundFrame.HEADER_CAPACITY));
        out.header.writeBytes(frame, 0, 54);
        out.payload.add(frame, 54, 7_001);
        out.payload.add(frame, 7_055, SUPER - 7_001);
        out.offload = Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_TCPV4, 1_448, 54, 34, 16);
        assertNothingAllocated(() -> lan.transmit(out));
        assertEquals((long) SEGMENTS * (FRAMES + WARM_UP), taker.frames);
        out.header.release();
        frame.release();
    }

    @Test
    void framesOfManyStationsOnOnePort() {
        ByteBuf frame = frame(0x5254_0000_0100L, GATEWAY_MAC, TAKER, SENDER, Ipv4Packet.UDP, new byte[20]);
        assertNothingAllocated(() -> {
            frame.setByte(10, frame.getByte(10) + 1);
            frame.setByte(11, frame.getByte(11) + 7);
            taker.receiver.onFrame(frame, Offload.NONE);
        });
        assertEquals(FRAMES + WARM_UP + 1, uplink.frames);
        frame.release();
    }

    private ByteBuf superFrame(long dstMac, long srcMac) {
        return frame(srcMac, dstMac, SENDER, TAKER, Ipv4Packet.TCP,
                new TcpSegment(1, 2, 3, 4, TcpSegment.ACK, 5, 0, List.of(), new byte[SUPER]).encode(SENDER, TAKER));
    }

    /// On a thread like those of event loops, since Netty recycles objects of such threads only.
    private void assertNothingAllocated(Runnable oneFrame) {
        AtomicLong allocated = new AtomicLong(Long.MAX_VALUE);
        Thread loop = new FastThreadLocalThread(() -> {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            run(oneFrame, WARM_UP);
            long before = threads.getCurrentThreadAllocatedBytes();
            run(oneFrame, FRAMES);
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

    private void run(Runnable oneFrame, int frames) {
        for (int i = 0; i < frames; i++) {
            oneFrame.run();
            nowNs += ROUND_NS;
            reactor.poll(nowNs);
        }
    }

    private ByteBuf frame(long srcMac, long dstMac, int src, int dst, int protocol, byte[] payload) {
        byte[] bytes = new EthernetFrame(dstMac, srcMac, EthernetFrame.IPV4, Ipv4Packet.of(protocol, src, dst, payload).encode()).encode();
        return allocator.directBuffer(bytes.length).writeBytes(bytes);
    }

    private static final class CountingLink implements Link {
        private final LinkCapabilities capabilities;
        private FrameReceiver receiver;
        private long frames;

        CountingLink(LinkCapabilities capabilities) {
            this.capabilities = capabilities;
        }

        @Override
        public LinkCapabilities capabilities() {
            return capabilities;
        }

        @Override
        public void start(FrameReceiver frameReceiver) {
            receiver = frameReceiver;
        }

        @Override
        public void transmit(OutboundFrame frame) {
            frames++;
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
}

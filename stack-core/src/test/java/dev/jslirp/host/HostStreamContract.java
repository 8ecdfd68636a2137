package dev.jslirp.host;

import static dev.jslirp.host.HostFixture.loopback;
import static dev.jslirp.host.HostFixture.pattern;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostFixture.Recorder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every implementation of [HostStream] and [HostListener] keeps; a subclass names the implementation.
public abstract class HostStreamContract {
    private HostFixture host;
    private ServerSocket server;

    /// A new network of the implementation.
    protected abstract HostFixture open();

    /// Meets `accept` with this error once, as if the process had run out of descriptors.
    protected abstract void failAccept(HostListener listener);

    @BeforeEach
    void begin() throws Exception {
        host = open();
        server = new ServerSocket();
        server.bind(loopback(0), 256);
        server.setSoTimeout((int) TimeUnit.SECONDS.toMillis(HostFixture.GUARD_S));
    }

    @AfterEach
    void close() throws Exception {
        server.close();
        host.close();
    }

    private InetSocketAddress serverAddress() {
        return loopback(server.getLocalPort());
    }

    @Test
    void sixtyFourMegabytesEchoInOrder() throws Exception {
        int total = 64 << 20;
        Recorder sender = new Sender(total);
        HostListener listener = host.inLoop(() -> host.network().listen(loopback(0), stream -> {
            stream.resumeReads();
            return new Echo(stream);
        }));
        host.runInLoop(() -> {
            sender.stream = host.network().connect(listener.localAddress(), sender);
            sender.stream.resumeReads();
        });
        sender.expect("connected");
        sender.expect("eof");
        assertEquals(total, host.inLoop(() -> sender.received));
        assertFalse(sender.patternBroken);
        host.runInLoop(() -> sender.stream.close());
    }

    /// Sends the pattern, a megabyte in flight, then FIN.
    private final class Sender extends Recorder {
        private final ByteBuf block = Unpooled.wrappedBuffer(pattern(0, 1 << 16));
        private final int total;
        private int sent;

        Sender(int total) {
            this.total = total;
        }

        @Override
        public void onConnected() {
            super.onConnected();
            send();
        }

        @Override
        public void onDrained() {
            send();
        }

        private void send() {
            while (sent < total && stream.unsentBytes() < 1 << 20) {
                for (int i = 0; i < 16; i++) {
                    stream.write(block, i << 12, 1 << 12);
                }
                sent += 1 << 16;
                stream.flush();
            }
            if (sent == total) {
                stream.shutdownOutput();
            }
        }
    }

    /// Sends back what comes, and pauses reads while the other side does not take it.
    private static final class Echo extends Recorder {
        Echo(HostStream stream) {
            this.stream = stream;
        }

        @Override
        public void onBytes(ByteBuf bytes) {
            stream.write(bytes, bytes.readerIndex(), bytes.readableBytes());
            bytes.release();
            stream.flush();
            if (stream.unsentBytes() > 1 << 20) {
                stream.pauseReads();
            }
        }

        @Override
        public void onDrained() {
            stream.resumeReads();
        }

        @Override
        public void onEof() {
            stream.close();
        }
    }

    @Test
    void refusedConnectIsTold() throws Exception {
        InetSocketAddress dead = serverAddress();
        server.close();
        host.connect(dead).expect("connect failed REFUSED");
    }

    @Test
    void failuresBeforeTheKernelIsAskedAreToldAfterTheCall() throws Exception {
        Recorder recorder = new Recorder();
        host.runInLoop(() -> {
            recorder.stream = host.network().connect(new InetSocketAddress("0.0.0.0", server.getLocalPort()), recorder);
            recorder.events.add("returned");
        });
        recorder.expect("returned");
        recorder.expect("connect failed NETWORK_UNREACHABLE");
        host.connect(InetSocketAddress.createUnresolved("nowhere.invalid", 1)).expect("connect failed NETWORK_UNREACHABLE");
    }

    @Test
    void resetOrCloseWhileConnectingLeavesSilence() throws Exception {
        List<Recorder> recorders = new ArrayList<>();
        InetSocketAddress dead = serverAddress();
        server.close();
        host.runInLoop(() -> {
            for (int i = 0; i < 4; i++) {
                Recorder recorder = new Recorder();
                recorder.stream = host.network().connect(i < 2 ? dead : new InetSocketAddress("0.0.0.0", 9), recorder);
                if ((i & 1) == 0) {
                    recorder.stream.reset();
                } else {
                    recorder.stream.close();
                }
                recorders.add(recorder);
            }
        });
        host.connect(dead).expect("connect failed REFUSED");
        for (Recorder recorder : recorders) {
            assertTrue(recorder.events.isEmpty(), recorder.events::toString);
        }
    }

    @Test
    void hostsFinIsEofAndWritingGoesOn() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            peer.getOutputStream().write(pattern(0, 5));
            peer.shutdownOutput();
            recorder.expect("eof");
            assertEquals(5, host.inLoop(() -> recorder.received));
            host.write(recorder.stream, pattern(0, 3));
            assertArrayEquals(pattern(0, 3), peer.getInputStream().readNBytes(3));
            host.runInLoop(() -> recorder.stream.close());
            assertEquals(-1, peer.getInputStream().read());
        }
        assertTrue(recorder.events.isEmpty());
    }

    @Test
    void shutdownOutputSendsFinAfterTheQueueAndReadingGoesOn() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            byte[] bytes = pattern(0, 8 << 20);
            host.runInLoop(() -> {
                recorder.stream.write(Unpooled.wrappedBuffer(bytes), 0, bytes.length);
                recorder.stream.shutdownOutput();
                recorder.stream.flush();
            });
            assertArrayEquals(bytes, peer.getInputStream().readAllBytes());
            peer.getOutputStream().write(pattern(0, 7));
            peer.shutdownOutput();
            String event = recorder.next();
            while (event.equals("drained")) {
                event = recorder.next();
            }
            assertEquals("eof", event);
            assertEquals(7, host.inLoop(() -> recorder.received));
        }
    }

    @Test
    void peersResetIsTold() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            peer.setSoLinger(true, 0);
        }
        recorder.expect("reset RESET");
        host.write(recorder.stream, pattern(0, 10));
        assertEquals(0, host.inLoop(recorder.stream::unsentBytes));
        assertTrue(recorder.events.isEmpty());
    }

    @Test
    void resetIsSeenAsOneByThePeerAndDropsTheQueue() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            host.runInLoop(() -> {
                recorder.stream.write(Unpooled.wrappedBuffer(pattern(0, 100)), 0, 100);
                recorder.stream.reset();
            });
            assertThrows(SocketException.class, () -> peer.getInputStream().read());
        }
        assertTrue(recorder.events.isEmpty());
    }

    /// A test for implementations that hear of a reset even without reading.
    protected final void peersResetAfterItsFinIsTold() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            peer.shutdownOutput();
            recorder.expect("eof");
            peer.setSoLinger(true, 0);
        }
        recorder.expect("reset RESET");
        assertTrue(recorder.events.isEmpty());
    }

    @Test
    void urgentBytesAreInLineAndHoldNothingUp() throws Exception {
        Recorder recorder = new Recorder();
        host.runInLoop(() -> recorder.stream = host.network().connect(serverAddress(), recorder));
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            byte[] bytes = pattern(0, 10);
            peer.getOutputStream().write(bytes, 0, 4);
            peer.sendUrgentData(bytes[4]);
            peer.getOutputStream().write(bytes, 5, 5);
            // All of it has arrived before the first read.
            host.connect(serverAddress()).expect("connected");
            host.runInLoop(() -> recorder.stream.resumeReads());
            long startNs = System.nanoTime();
            while (host.inLoop(() -> recorder.received) < bytes.length) {
                assertTrue(System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(HostFixture.GUARD_S), () -> recorder.received + " bytes");
            }
            assertFalse(recorder.patternBroken);
        }
    }

    @Test
    void writingToADeadConnectionIsToldAfterTheCallAndOnce() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            host.runInLoop(() -> recorder.stream.pauseReads());
            peer.setSoLinger(true, 0);
        }
        while (recorder.events.isEmpty()) {
            host.runInLoop(() -> {
                int before = recorder.events.size();
                recorder.stream.write(Unpooled.wrappedBuffer(pattern(0, 100)), 0, 100);
                recorder.stream.flush();
                recorder.stream.flush();
                assertEquals(before, recorder.events.size(), "told inside the call");
            });
        }
        recorder.expect("reset RESET");
        host.runInLoop(() -> recorder.stream.flush());
        assertTrue(recorder.events.isEmpty());
    }

    @Test
    void bytesThePeerDoesNotReadStayAndDrainLater() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            int length = 32 << 20;
            ByteBuf bytes = Unpooled.directBuffer(length).writeBytes(pattern(0, length));
            host.runInLoop(() -> {
                recorder.stream.write(bytes, 0, length);
                recorder.stream.flush();
            });
            assertTrue(host.inLoop(recorder.stream::unsentBytes) > 0);
            assertEquals(2, bytes.refCnt());
            assertArrayEquals(pattern(0, length), peer.getInputStream().readNBytes(length));
            recorder.expect("drained");
            while (host.inLoop(recorder.stream::unsentBytes) > 0) {
                recorder.expect("drained");
            }
            assertEquals(1, host.inLoop(bytes::refCnt));
            bytes.release();
        }
    }

    @Test
    void pausedReadsDeliverNothingUntilResumed() throws Exception {
        Recorder recorder = new Recorder();
        host.runInLoop(() -> recorder.stream = host.network().connect(serverAddress(), recorder));
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            peer.getOutputStream().write(pattern(0, 1000));
            peer.shutdownOutput();
            host.connect(serverAddress()).expect("connected");
            assertEquals(0, host.inLoop(() -> recorder.received));
            assertTrue(recorder.events.isEmpty());
            host.runInLoop(() -> recorder.stream.resumeReads());
            recorder.expect("eof");
            assertEquals(1000, host.inLoop(() -> recorder.received));
        }
    }

    @Test
    void closeWritesTheQueueFirstEvenWithUnreadBytesOfThePeer() throws Exception {
        Recorder recorder = new Recorder();
        host.runInLoop(() -> recorder.stream = host.network().connect(serverAddress(), recorder));
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            peer.getOutputStream().write(pattern(0, 1000));
            byte[] bytes = pattern(0, 16 << 20);
            host.runInLoop(() -> {
                recorder.stream.write(Unpooled.wrappedBuffer(bytes), 0, bytes.length);
                recorder.stream.close();
                recorder.stream.close();
            });
            assertArrayEquals(bytes, peer.getInputStream().readAllBytes());
        }
        assertTrue(recorder.events.isEmpty());
    }

    @Test
    void rangesOfOneBufferAndBuffersOfManyPartsAreWrittenRight() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            byte[] bytes = pattern(0, 4000);
            host.runInLoop(() -> {
                ByteBuf direct = host.allocator.directBuffer(4000, 4000).writeBytes(bytes);
                ByteBuf parts = Unpooled.wrappedBuffer(Unpooled.copiedBuffer(bytes, 0, 10), Unpooled.copiedBuffer(bytes, 10, 3990));
                recorder.stream.write(direct, 0, 1500);
                recorder.stream.write(direct, 1500, 1500);
                recorder.stream.write(direct, 3000, 100);
                recorder.stream.write(direct, 3100, 900);
                recorder.stream.write(parts, 0, 4000);
                recorder.stream.flush();
                direct.release();
                parts.release();
            });
            assertArrayEquals(bytes, peer.getInputStream().readNBytes(4000));
            assertArrayEquals(bytes, peer.getInputStream().readNBytes(4000));
        }
    }

    @Test
    void smallRangesOfLargeBuffersAreCopiedNotPinned() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            ByteBuf large = Unpooled.directBuffer(1000).writeBytes(pattern(0, 1000));
            host.runInLoop(() -> {
                recorder.stream.write(large.slice(100, 200), 0, 200);
                assertEquals(1, large.refCnt());
                recorder.stream.write(large, 0, 250);
                recorder.stream.flush();
            });
            assertEquals(1, large.refCnt());
            assertArrayEquals(pattern(100, 200), peer.getInputStream().readNBytes(200));
            assertArrayEquals(pattern(0, 250), peer.getInputStream().readNBytes(250));
            large.release();
        }
    }

    @Test
    void manyConnectionsAreAcceptedAndServed() throws Exception {
        HostListener listener = host.inLoop(() -> host.network().listen(loopback(0), stream -> {
            stream.resumeReads();
            return new Echo(stream);
        }));
        List<Recorder> recorders = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Recorder recorder = new Recorder();
            host.runInLoop(() -> {
                recorder.stream = host.network().connect(listener.localAddress(), recorder);
                recorder.stream.resumeReads();
                ByteBuf bytes = Unpooled.wrappedBuffer(pattern(0, 100));
                recorder.stream.write(bytes, 0, 100);
                recorder.stream.shutdownOutput();
            });
            recorders.add(recorder);
        }
        for (Recorder recorder : recorders) {
            recorder.expect("connected");
            recorder.expect("eof");
            assertEquals(100, host.inLoop(() -> recorder.received));
        }
        assertEquals(listener.localAddress(), recorders.getFirst().stream.remoteAddress());
        assertEquals("127.0.0.1", host.inLoop(() -> recorders.getFirst().stream.localAddress()).getAddress().getHostAddress());
    }

    @Test
    void aConnectionNobodyWantsIsReset() throws Exception {
        HostListener listener = host.inLoop(() -> host.network().listen(loopback(0), stream -> null));
        Recorder recorder = host.connect(listener.localAddress());
        recorder.expect("connected");
        recorder.expect("reset RESET");
    }

    @Test
    void aListenerWithoutDescriptorsPausesAndAcceptsLater() throws Exception {
        HostListener listener = host.inLoop(() -> host.network().listen(loopback(0), stream -> null));
        host.runInLoop(() -> failAccept(listener));
        Recorder recorder = host.connect(listener.localAddress());
        recorder.expect("connected");
        recorder.expect("reset RESET");
    }

    @Test
    void aPortInUseIsAnErrorThatNamesTheAddress() {
        IOException e = assertThrows(IOException.class, () -> {
            try {
                host.inLoop(() -> host.network().listen(serverAddress(), stream -> null));
            } catch (ExecutionException failed) {
                throw failed.getCause();
            }
        });
        assertEquals("cannot listen on 127.0.0.1:" + server.getLocalPort() + ": Address already in use", e.getMessage());
    }

    @Test
    void aClosedListenerRefusesAndItsConnectionsLiveOn() throws Exception {
        HostListener listener = host.inLoop(() -> host.network().listen(loopback(0), stream -> {
            stream.resumeReads();
            return new Echo(stream);
        }));
        Recorder recorder = host.connect(listener.localAddress());
        recorder.expect("connected");
        host.write(recorder.stream, pattern(0, 10));
        host.runInLoop(listener::close);
        // Twice through the loop: the selector lets go of the descriptor in its next round.
        host.connect(serverAddress()).expect("connected");
        host.connect(listener.localAddress()).expect("connect failed REFUSED");
        host.write(recorder.stream, pattern(10, 10));
        host.runInLoop(() -> recorder.stream.shutdownOutput());
        recorder.expect("eof");
        assertEquals(20, host.inLoop(() -> recorder.received));
        assertFalse(recorder.patternBroken);
    }

    @Test
    void closingTheNetworkClosesEverythingSilently() throws Exception {
        Recorder recorder = host.connect(serverAddress());
        try (Socket peer = server.accept()) {
            recorder.expect("connected");
            host.runInLoop(() -> {
                recorder.stream.write(Unpooled.wrappedBuffer(pattern(0, 10)), 0, 10);
                // Has failed, and is to be told of that after this call.
                host.network().connect(new InetSocketAddress("0.0.0.0", 9), recorder);
                host.network().close();
            });
            assertThrows(SocketException.class, () -> peer.getInputStream().read());
        }
        host.connect(serverAddress()).expect("connect failed OTHER");
        assertNull(recorder.events.poll());
    }

    @Test
    void aFailingListenerDoesNotStopTheLoop() throws Exception {
        Recorder bad = new Recorder() {
            @Override
            public void onConnected() {
                super.onConnected();
                throw new IllegalStateException("bad listener");
            }
        };
        host.runInLoop(() -> bad.stream = host.network().connect(serverAddress(), bad));
        bad.expect("connected");
        host.connect(serverAddress()).expect("connected");
    }
}

package dev.jslirp.nat;

import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.TcpSegment;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// One TCP endpoint of the simulated guest, which says what the test tells it to and counts sequence numbers.
public final class TcpGuest {
    private static final long RETRY_NS = 100_000_000L;

    private final NetworkFixture net;
    public final int far;
    public final int farPort;
    public final int port;
    /// Next sequence number to send, next one expected.
    public int seq = 1_000;
    public int ack;

    public TcpGuest(NetworkFixture net, int port, int far, int farPort) {
        this.net = net;
        this.port = port;
        this.far = far;
        this.farPort = farPort;
    }

    /// Sends a segment at the current numbers; SYN, FIN and payload move them.
    public void send(int flags, byte... payload) {
        int acknowledged = (flags & TcpSegment.ACK) != 0 ? ack : 0;
        net.guest.send(far, new TcpSegment(port, farPort, seq, acknowledged, flags, 65_535, 0, List.of(), payload));
        seq += payload.length + ((flags & (TcpSegment.SYN | TcpSegment.FIN)) != 0 ? 1 : 0);
        net.reactor.settle();
    }

    /// SYN, and ACK of the SYN-ACK.
    public TcpGuest connect() {
        send(TcpSegment.SYN);
        TcpSegment synAck = expect(TcpSegment.SYN | TcpSegment.ACK);
        ack = synAck.seq() + 1;
        send(TcpSegment.ACK);
        return this;
    }

    /// The next segment from the stack for this endpoint, which has all of `flags`.
    public TcpSegment expect(int flags) {
        List<String> others = new ArrayList<>();
        for (Received received = net.guest.poll(); received != null; received = net.guest.poll()) {
            TcpSegment segment = received.tcp();
            if (segment != null && segment.dstPort() == port && segment.srcPort() == farPort && segment.has(flags)) {
                return segment;
            }
            others.add(received.toString());
        }
        throw new AssertionError("no segment with flags " + flags + " among " + others);
    }

    /// Takes all data that has come and acknowledges it, until no more comes.
    public byte[] receiveAll() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (takeData(bytes)) {
            send(TcpSegment.ACK);
        }
        return bytes.toByteArray();
    }

    /// As [#receiveAll], and waits for retransmissions of what was lost.
    public byte[] receiveAllRetrying() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int idle = 0; idle < 20; idle++) {
            byte[] fresh = receiveAll();
            bytes.writeBytes(fresh);
            idle = fresh.length > 0 ? 0 : idle;
            net.reactor.advance(RETRY_NS);
        }
        return bytes.toByteArray();
    }

    private boolean takeData(ByteArrayOutputStream bytes) {
        boolean any = false;
        for (Received received : net.guest.takeAll()) {
            TcpSegment segment = received.tcp();
            if (segment == null || segment.dstPort() != port || segment.seq() != ack) {
                continue;
            }
            bytes.writeBytes(segment.payload());
            ack += segment.payload().length + (segment.has(TcpSegment.FIN) ? 1 : 0);
            any |= segment.payload().length > 0 || segment.has(TcpSegment.FIN);
        }
        return any;
    }
}

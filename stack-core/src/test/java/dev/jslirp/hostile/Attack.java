package dev.jslirp.hostile;

import dev.jslirp.testkit.NetworkFixture;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.TcpSegment;
import java.util.Arrays;
import java.util.List;

/// One TCP connection of the attacker, made of segments: it acknowledges nothing unless told to.
final class Attack {
    /// Sequence number of our next byte, and what we acknowledge.
    int seq = 1_000;
    int ack;
    /// Window as on the wire.
    int window = 60_000;
    /// What the stack acknowledged, and its window in bytes.
    int acked = 1_000;
    int room;
    /// Sequence number behind the bytes received in order.
    int next;
    List<TcpSegment.Option> synOptions = List.of();
    private final NetworkFixture net;
    private final int port;
    private final int dst;
    private final int dstPort;
    private int lastFlags;
    private int shift;

    Attack(NetworkFixture net, int port, int dst, int dstPort) {
        this.net = net;
        this.port = port;
        this.dst = dst;
        this.dstPort = dstPort;
    }

    static TcpSegment.Option mss(int bytes) {
        return TcpSegment.Option.of(TcpSegment.MSS, new byte[] {(byte) (bytes >> 8), (byte) bytes});
    }

    static TcpSegment.Option sackPermitted() {
        return TcpSegment.Option.of(TcpSegment.SACK_PERMITTED, new byte[0]);
    }

    static TcpSegment.Option windowScale(int shift) {
        return TcpSegment.Option.of(TcpSegment.WINDOW_SCALE, new byte[] {(byte) shift});
    }

    static TcpSegment.Option sack(int... edges) {
        var out = new dev.jslirp.testkit.WireWriter();
        for (int edge : edges) {
            out.u32(edge);
        }
        return TcpSegment.Option.of(TcpSegment.SACK, out.toByteArray());
    }

    /// The handshake.
    Attack open() {
        segment(TcpSegment.SYN, seq, 0, synOptions, new byte[0]);
        if ((lastFlags & TcpSegment.SYN) == 0) {
            throw new AssertionError("the connection was not opened");
        }
        seq++;
        segment(TcpSegment.ACK, seq, ack, List.of(), new byte[0]);
        return this;
    }

    /// Payload at the next sequence number.
    void send(byte[] payload) {
        segment(TcpSegment.ACK, seq, ack, List.of(), payload);
        seq += payload.length;
    }

    void acknowledge(int upTo) {
        segment(TcpSegment.ACK, seq, upTo, List.of(), new byte[0]);
    }

    void raw(int flags, int atSeq, int atAck, byte[] payload) {
        segment(flags, atSeq, atAck, List.of(), payload);
    }

    /// Sends as far as the window lets us, without acknowledging what comes back.
    void flood(byte[] bytes) {
        int start = seq;
        while (seq - start < bytes.length) {
            int length = Math.min(1_400, Math.min(bytes.length - (seq - start), acked + room - seq));
            if (length <= 0) {
                return;
            }
            send(Arrays.copyOfRange(bytes, seq - start, seq - start + length));
        }
    }

    /// Any segment; the reactor settles, and answers are read.
    void segment(int flags, int atSeq, int atAck, List<TcpSegment.Option> options, byte[] payload) {
        net.guest.send(dst, new TcpSegment(port, dstPort, atSeq, atAck, flags, window, 0, options, payload));
        net.reactor.settle();
        read();
    }

    /// Reads what the stack sent to this connection and forgets it.
    int read() {
        int bytes = 0;
        for (Received received : net.guest.takeAll()) {
            TcpSegment segment = received.tcp();
            if (segment == null || segment.dstPort() != port) {
                continue;
            }
            bytes += segment.payload().length;
            lastFlags = segment.flags();
            if (segment.seq() == next) {
                next += segment.payload().length;
            }
            if (segment.has(TcpSegment.SYN)) {
                ack = segment.seq() + 1;
                next = ack;
                shift = segment.options().stream().filter(option -> option.kind() == TcpSegment.WINDOW_SCALE)
                        .mapToInt(option -> option.data()[0]).findFirst().orElse(0);
                room = segment.window();
                acked = segment.ack();
            } else if (segment.has(TcpSegment.ACK)) {
                acked = segment.ack();
                room = segment.window() << shift;
            }
        }
        net.link.takeSent();
        return bytes;
    }

    int lastFlags() {
        return lastFlags;
    }

    int port() {
        return port;
    }
}

package dev.jslirp.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.UdpDatagram;
import dev.jslirp.testkit.WireWriter;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;

/// DNS queries of the guest and answers of two resolvers, over UDP and TCP.
class DnsFuzzTest {
    private static final int DNS = 0x0a00_0203;
    private static final int PORT = 6_000;
    private static final List<InetSocketAddress> RESOLVERS = List.of(
            new InetSocketAddress(IpAddress.parse("9.9.9.9").toInetAddress(), 53),
            new InetSocketAddress(IpAddress.parse("8.8.8.8").toInetAddress(), 53));
    private static final GuestNetworkConfig CONFIG = GuestNetworkConfig.defaults().withDns(DnsConfig.forwardingTo(() -> RESOLVERS));
    private static final int LENGTH_MAX = 1_400;

    @FuzzTest(maxDuration = "0s")
    void queriesAndAnswers(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        FuzzNetwork.run(CONFIG, net -> {
            Stream stream = new Stream(net);
            while (net.step(input)) {
                step(net, input, stream);
            }
        });
    }

    private static void step(FuzzNetwork net, FuzzInput input, Stream stream) {
        int kind = input.u8();
        switch (kind % 7) {
            case 0 -> net.advance(input.u8());
            case 1 -> query(net, input.bytes(input.u16() % LENGTH_MAX));
            case 2 -> query(net, queryFor(input));
            case 3 -> answer(net, input, kind < 128);
            case 4 -> stream.send(kind < 128 ? queryForStream(input) : input.bytes(input.u8()));
            case 5 -> streamAnswer(net, input, kind < 128);
            default -> streamEnds(net, kind);
        }
    }

    private static void query(FuzzNetwork net, byte[] query) {
        net.sent(query.length + 64);
        net.fixture.guest.send(DNS, new UdpDatagram(PORT, 53, query));
    }

    /// One question, its name of the input's bytes.
    private static byte[] queryFor(FuzzInput input) {
        return new WireWriter().u16(input.u8()).u16(0x0100).u16(1).u16(0).u16(0).u16(input.u8() & 1)
                .bytes(input.bytes(input.u8())).toByteArray();
    }

    private static byte[] queryForStream(FuzzInput input) {
        byte[] query = queryFor(input);
        return new WireWriter().u16(query.length).bytes(query).toByteArray();
    }

    /// An answer to the latest query, which `matches` its identifier and question or is any.
    private static void answer(FuzzNetwork net, FuzzInput input, boolean matches) {
        List<SimHostDatagrams> open = net.fixture.host.datagrams().stream().filter(s -> !s.isClosed() && !s.sent().isEmpty()).toList();
        if (!open.isEmpty()) {
            SimHostDatagrams socket = open.getLast();
            SimHostDatagrams.Datagram query = socket.sent().getLast();
            byte[] answer = matches ? answerTo(query.bytes(), input) : input.bytes(input.u16() % LENGTH_MAX);
            net.sent(answer.length);
            socket.peerSend(query.peer(), answer);
        }
    }

    private static byte[] answerTo(byte[] query, FuzzInput input) {
        byte[] copy = Arrays.copyOf(query, query.length);
        if (copy.length > 3) {
            copy[2] = (byte) (0x80 | input.u8());
            copy[3] = (byte) input.u8();
        }
        return new WireWriter().bytes(copy).bytes(input.bytes(input.u16() % LENGTH_MAX)).toByteArray();
    }

    private static void streamAnswer(FuzzNetwork net, FuzzInput input, boolean matches) {
        SimHostStream stream = lastStream(net);
        if (stream == null || stream.peerHasEnded()) {
            return;
        }
        byte[] seen = stream.peerReceived();
        byte[] answer = input.bytes(input.u8());
        if (matches && seen.length > 2) {
            byte[] message = answerTo(Arrays.copyOfRange(seen, 2, seen.length), input);
            answer = new WireWriter().u16(message.length).bytes(message).toByteArray();
        }
        net.sent(answer.length + 64);
        stream.peerSend(answer);
    }

    private static void streamEnds(FuzzNetwork net, int kind) {
        SimHostStream stream = lastStream(net);
        if (stream == null) {
            return;
        }
        if (kind < 128) {
            stream.peerEof();
        } else {
            stream.peerReset();
        }
    }

    private static SimHostStream lastStream(FuzzNetwork net) {
        List<SimHostStream> open = net.fixture.host.streams().stream().filter(SimHostStream::isOpen).toList();
        return open.isEmpty() ? null : open.getLast();
    }

    /// The guest's connection to port 53: opened by the first bytes, acknowledging all that comes.
    private static final class Stream {
        private final FuzzNetwork net;
        private boolean open;
        private int seq = 1;
        private int ack;

        Stream(FuzzNetwork net) {
            this.net = net;
        }

        void send(byte[] bytes) {
            if (!open) {
                open = true;
                net.fixture.guest.onReceive(received -> {
                    TcpSegment segment = received.tcp();
                    if (segment != null) {
                        ack = segment.seq() + segment.payload().length + (segment.has(TcpSegment.SYN) ? 1 : 0);
                    }
                });
                transmit(TcpSegment.SYN, new byte[0]);
                net.receive();
            }
            transmit(TcpSegment.ACK, bytes);
        }

        private void transmit(int flags, byte[] payload) {
            int acknowledged = (flags & TcpSegment.ACK) == 0 ? 0 : ack;
            net.segment(DNS, new TcpSegment(PORT, 53, seq, acknowledged, flags, 65_535, 0, List.of(), payload));
            seq += payload.length + ((flags & TcpSegment.SYN) != 0 ? 1 : 0);
        }
    }
}

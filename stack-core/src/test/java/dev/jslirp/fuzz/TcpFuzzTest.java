package dev.jslirp.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.testkit.SimGuest.Received;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.testkit.TcpSegment;
import dev.jslirp.testkit.TcpSegment.Option;
import dev.jslirp.wire.IpAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Segments into a live connection, their numbers near those that count, and what the host peer does meanwhile.
class TcpFuzzTest {
    private static final int FAR = IpAddress.parse("192.0.2.9").v4Bits();
    private static final int FAR_PORT = 80;
    private static final int PORT = 5_000;
    private static final int ISS = 0x7fff_f000;
    private static final int OPTION_BYTES_MAX = 40;

    @FuzzTest(maxDuration = "0s")
    void segments(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        FuzzNetwork.run(GuestNetworkConfig.defaults(), net -> {
            Guest guest = new Guest(net, input);
            guest.connect();
            while (net.step(input)) {
                guest.step();
            }
        });
    }

    /// A guest that knows the true numbers and errs by as much as the input says.
    private static final class Guest {
        private final FuzzNetwork net;
        private final FuzzInput input;
        private SimHostStream stream;
        private int seq = ISS;
        private int ack;
        private int timestampEcho;

        Guest(FuzzNetwork net, FuzzInput input) {
            this.net = net;
            this.input = input;
            net.fixture.guest.onReceive(this::note);
        }

        /// SYN with the options that the input's first byte chooses, and the ACK that establishes.
        void connect() {
            int wanted = input.u8();
            List<Option> options = new ArrayList<>();
            options.add(Option.of(TcpSegment.MSS, new byte[] {5, (byte) 0xb4}));
            if ((wanted & 1) != 0) {
                options.add(Option.of(TcpSegment.WINDOW_SCALE, new byte[] {7}));
            }
            if ((wanted & 2) != 0) {
                options.add(Option.of(TcpSegment.SACK_PERMITTED, new byte[0]));
            }
            if ((wanted & 4) != 0) {
                options.add(timestamps(1));
            }
            send(seq++, 0, TcpSegment.SYN, 65_535, 0, options, new byte[0]);
            net.receive();
            stream = net.fixture.host.streams().getLast();
            send(seq, ack, TcpSegment.ACK, 65_535, 0, (wanted & 4) != 0 ? List.of(timestamps(2)) : List.of(), new byte[0]);
        }

        private void note(Received received) {
            TcpSegment segment = received.tcp();
            if (segment == null || segment.dstPort() != PORT) {
                return;
            }
            int end = segment.seq() + segment.payload().length + (segment.has(TcpSegment.SYN) ? 1 : 0)
                    + (segment.has(TcpSegment.FIN) ? 1 : 0);
            ack = segment.has(TcpSegment.SYN) || end - ack > 0 ? end : ack;
            for (Option option : segment.options()) {
                if (option.kind() == TcpSegment.TIMESTAMPS) {
                    timestampEcho = ByteBuffer.wrap(option.data()).getInt();
                }
            }
        }

        void step() {
            int kind = input.u8();
            switch (kind % 12) {
                case 0 -> net.advance(input.u8());
                case 1 -> HostMoves.send(net, stream, input.u16());
                case 2 -> stream.peerEof();
                case 3 -> stream.peerReset();
                case 4 -> stream.setRoom(kind < 128 ? input.u16() : Long.MAX_VALUE);
                case 5, 6 -> inOrder(TcpSegment.ACK | (kind < 128 ? TcpSegment.PSH : 0), input.u16() % 1_460);
                case 7 -> inOrder(TcpSegment.ACK | (kind < 128 ? 0 : TcpSegment.FIN), input.u8());
                default -> anything();
            }
        }

        private void inOrder(int flags, int length) {
            List<Option> options = timestampEcho == 0 ? List.of() : List.of(timestamps(input.u8()));
            send(seq, ack, flags, input.u16(), 0, options, new byte[length]);
            seq += length + ((flags & TcpSegment.FIN) != 0 ? 1 : 0);
        }

        private void anything() {
            int flags = input.u8();
            int seqError = input.s16();
            int ackError = input.s16();
            int scale = input.u8() % 17;
            int window = input.u16();
            int urgent = input.u16();
            List<Option> options = options();
            send(seq + (seqError << scale), ack + (ackError << scale), flags, window, urgent, options, input.bytes(input.u16() % 1_460));
        }

        private List<Option> options() {
            List<Option> options = new ArrayList<>();
            int left = input.u8() % (OPTION_BYTES_MAX + 1);
            while (left > 0) {
                int kind = input.u8();
                if (kind == TcpSegment.TIMESTAMPS && left >= 10) {
                    options.add(timestamps(input.s16()));
                    left -= 10;
                } else if (kind == TcpSegment.SACK && left >= 10) {
                    byte[] block = ByteBuffer.allocate(8).putInt(ack + input.s16()).putInt(ack + input.s16()).array();
                    options.add(Option.of(kind, block));
                    left -= 10;
                } else if (kind <= TcpSegment.NOP) {
                    options.add(new Option(kind, 1, new byte[0]));
                    left--;
                } else {
                    byte[] data = input.bytes(Math.clamp(input.u8(), 0, Math.max(0, left - 2)));
                    options.add(new Option(kind, input.u8(), left < 2 ? new byte[0] : data));
                    left -= 2 + data.length;
                }
            }
            return left < 0 ? List.of() : options;
        }

        private Option timestamps(int value) {
            return Option.of(TcpSegment.TIMESTAMPS, ByteBuffer.allocate(8).putInt(value).putInt(timestampEcho).array());
        }

        private void send(int number, int acknowledged, int flags, int window, int urgent, List<Option> options, byte[] payload) {
            net.segment(FAR, new TcpSegment(PORT, FAR_PORT, number, acknowledged, flags, window, urgent, options, payload));
        }
    }
}

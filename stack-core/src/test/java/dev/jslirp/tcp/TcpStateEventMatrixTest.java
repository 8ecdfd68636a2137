package dev.jslirp.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.wire.OutboundSegment;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every segment in every state at every place of the window: RFC 9293 §3.10.7 with RFC 5961, as a table.
///
/// The columns are the sequence number: 100 before RCV.NXT; RCV.NXT; 100 behind it; the last number of the window; the first behind the
/// window. Data is 50 bytes, so it ends before RCV.NXT in the first column and reaches beyond the window in the fourth. Every segment
/// acknowledges all we sent, our FIN included, except where the table says otherwise.
///
/// A cell names what changes: the next state; the answer (`ack`: SEQ=SND.NXT, ACK=RCV.NXT; `rst`: SEQ=SEG.ACK; `syn-ack`); bytes delivered;
/// what the user is told (`est`, `fin`, `reset`, `closed`). A `.` means that nothing happens. A `*` marks a deviation, explained below
/// its table.
class TcpStateEventMatrixTest {
    private static final String MATRIX = """
            ACK            | left       | left edge         | inside            | right edge        | right
            UNANSWERED     | .          | .                 | .                 | .                 | .
            SYN_SENT       | .          | .                 | .                 | .                 | .
            SYN_RECEIVED   | ack        | ESTABLISHED est   | ESTABLISHED est   | ESTABLISHED est   | ESTABLISHED est *
            ESTABLISHED    | ack        | .                 | .                 | .                 | . *
            FIN_WAIT_1     | ack        | FIN_WAIT_2        | FIN_WAIT_2        | FIN_WAIT_2        | FIN_WAIT_2 *
            FIN_WAIT_2     | ack        | .                 | .                 | .                 | . *
            CLOSE_WAIT     | ack        | .                 | .                 | .                 | . *
            CLOSING        | ack        | TIME_WAIT         | TIME_WAIT         | TIME_WAIT         | TIME_WAIT *
            LAST_ACK       | ack        | CLOSED closed     | CLOSED closed     | CLOSED closed     | CLOSED closed *
            TIME_WAIT      | ack        | .                 | .                 | .                 | . *
            * A segment without data may lie at the right edge, which is RCV.NXT while the window is closed: the ACKs of a guest that
            * has filled the window lie there, and would be lost when bytes before them are.

            data           | left       | left edge              | inside              | right edge          | right
            UNANSWERED     | .          | .                      | .                   | .                   | .
            SYN_SENT       | .          | .                      | .                   | .                   | .
            SYN_RECEIVED   | ack        | ESTABLISHED est 50 ack | ESTABLISHED est ack | ESTABLISHED est ack | ack
            ESTABLISHED    | ack        | 50 ack                 | ack                 | ack                 | ack
            FIN_WAIT_1     | ack        | FIN_WAIT_2 50 ack      | FIN_WAIT_2 ack      | FIN_WAIT_2 ack      | ack
            FIN_WAIT_2     | ack        | 50 ack                 | ack                 | ack                 | ack
            CLOSE_WAIT     | ack        | .                      | .                   | .                   | ack
            CLOSING        | ack        | TIME_WAIT              | TIME_WAIT           | TIME_WAIT           | ack
            LAST_ACK       | ack        | CLOSED closed          | CLOSED closed       | CLOSED closed       | ack
            TIME_WAIT      | ack        | .                      | .                   | .                   | ack

            FIN            | left       | left edge                   | inside              | right edge          | right
            UNANSWERED     | .          | .                           | .                   | .                   | .
            SYN_SENT       | .          | .                           | .                   | .                   | .
            SYN_RECEIVED   | ack        | CLOSE_WAIT est fin ack      | ESTABLISHED est ack | ESTABLISHED est ack | ack
            ESTABLISHED    | ack        | CLOSE_WAIT fin ack          | ack                 | ack                 | ack
            FIN_WAIT_1     | ack        | TIME_WAIT fin ack           | FIN_WAIT_2 ack      | FIN_WAIT_2 ack      | ack
            FIN_WAIT_2     | ack        | TIME_WAIT fin ack           | ack                 | ack                 | ack
            CLOSE_WAIT     | ack        | . *                         | . *                 | . *                 | ack
            CLOSING        | ack        | TIME_WAIT *                 | TIME_WAIT *         | TIME_WAIT *         | ack
            LAST_ACK       | ack        | CLOSED closed               | CLOSED closed       | CLOSED closed       | ack
            TIME_WAIT      | ack        | . *                         | . *                 | . *                 | ack
            * Nothing lies behind a FIN; a second one contradicts the first and moves nothing.

            FIN not acking | left       | left edge                   | inside              | right edge          | right
            UNANSWERED     | .          | .                           | .                   | .                   | .
            SYN_SENT       | rst        | rst                         | rst                 | rst                 | rst
            SYN_RECEIVED   | ack        | rst                         | rst                 | rst                 | ack
            ESTABLISHED    | ack        | CLOSE_WAIT fin ack          | ack                 | ack                 | ack
            FIN_WAIT_1     | ack        | CLOSING fin ack             | ack                 | ack                 | ack
            FIN_WAIT_2     | ack        | TIME_WAIT fin ack           | ack                 | ack                 | ack
            CLOSE_WAIT     | ack        | . *                         | . *                 | . *                 | ack
            CLOSING        | ack        | . *                         | . *                 | . *                 | ack
            LAST_ACK       | ack        | . *                         | . *                 | . *                 | ack
            TIME_WAIT      | ack        | . *                         | . *                 | . *                 | ack
            * As above.

            FIN+data       | left       | left edge                   | inside              | right edge          | right
            UNANSWERED     | .          | .                           | .                   | .                   | .
            SYN_SENT       | .          | .                           | .                   | .                   | .
            SYN_RECEIVED   | ack        | CLOSE_WAIT est 50 fin ack   | ESTABLISHED est ack | ESTABLISHED est ack | ack
            ESTABLISHED    | ack        | CLOSE_WAIT 50 fin ack       | ack                 | ack                 | ack
            FIN_WAIT_1     | ack        | TIME_WAIT 50 fin ack        | FIN_WAIT_2 ack      | FIN_WAIT_2 ack      | ack
            FIN_WAIT_2     | ack        | TIME_WAIT 50 fin ack        | ack                 | ack                 | ack
            CLOSE_WAIT     | ack        | . *                         | . *                 | . *                 | ack
            CLOSING        | ack        | TIME_WAIT *                 | TIME_WAIT *         | TIME_WAIT *         | ack
            LAST_ACK       | ack        | CLOSED closed               | CLOSED closed       | CLOSED closed       | ack
            TIME_WAIT      | ack        | . *                         | . *                 | . *                 | ack
            * As above.

            RST            | left       | left edge              | inside              | right edge          | right
            UNANSWERED     | .          | CLOSED reset closed    | . *                 | . *                 | .
            SYN_SENT       | CLOSED reset closed | CLOSED reset closed | CLOSED reset closed | CLOSED reset closed | CLOSED reset closed
            SYN_RECEIVED   | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            ESTABLISHED    | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            FIN_WAIT_1     | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            FIN_WAIT_2     | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            CLOSE_WAIT     | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            CLOSING        | .          | CLOSED closed          | ack                 | ack                 | ack *
            LAST_ACK       | .          | CLOSED closed          | ack                 | ack                 | ack *
            TIME_WAIT      | .          | CLOSED closed          | ack                 | ack                 | ack *
            * No window was promised yet, and nothing is said before the host answers; in the last column as the bare ACK.

            RST not acking | left       | left edge              | inside              | right edge          | right
            UNANSWERED     | .          | CLOSED reset closed    | .                   | .                   | .
            SYN_SENT       | .          | .                      | .                   | .                   | .
            SYN_RECEIVED   | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            ESTABLISHED    | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            FIN_WAIT_1     | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            FIN_WAIT_2     | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            CLOSE_WAIT     | .          | CLOSED reset closed    | ack                 | ack                 | ack *
            CLOSING        | .          | CLOSED closed          | ack                 | ack                 | ack *
            LAST_ACK       | .          | CLOSED closed          | ack                 | ack                 | ack *
            TIME_WAIT      | .          | CLOSED closed          | ack                 | ack                 | ack *
            * As the bare ACK.

            SYN            | left       | left edge  | inside     | right edge | right
            UNANSWERED     | .          | .          | .          | .          | .
            SYN_SENT      | SYN_RECEIVED syn-ack | SYN_RECEIVED syn-ack | SYN_RECEIVED syn-ack | SYN_RECEIVED syn-ack | SYN_RECEIVED syn-ack
            SYN_RECEIVED   | ack        | ack *      | ack *      | ack *      | ack
            ESTABLISHED    | ack        | ack        | ack        | ack        | ack
            FIN_WAIT_1     | ack        | ack        | ack        | ack        | ack
            FIN_WAIT_2     | ack        | ack        | ack        | ack        | ack
            CLOSE_WAIT     | ack        | ack        | ack        | ack        | ack
            CLOSING        | ack        | ack        | ack        | ack        | ack
            LAST_ACK       | ack        | ack        | ack        | ack        | ack
            TIME_WAIT      | ack        | ack        | ack        | ack        | ack
            * RFC 9293 returns to LISTEN; RFC 5961 §4.2 asks the guest, whose RST comes to the same and cannot be forged.

            SYN-ACK        | left       | left edge  | inside     | right edge | right
            UNANSWERED     | .          | .          | .          | .          | .
            SYN_SENT       | ESTABLISHED est ack | ESTABLISHED est ack | ESTABLISHED est ack | ESTABLISHED est ack | ESTABLISHED est ack
            SYN_RECEIVED   | ack        | ack *      | ack *      | ack *      | ack
            ESTABLISHED    | ack        | ack        | ack        | ack        | ack
            FIN_WAIT_1     | ack        | ack        | ack        | ack        | ack
            FIN_WAIT_2     | ack        | ack        | ack        | ack        | ack
            CLOSE_WAIT     | ack        | ack        | ack        | ack        | ack
            CLOSING        | ack        | ack        | ack        | ack        | ack
            LAST_ACK       | ack        | ack        | ack        | ack        | ack
            TIME_WAIT      | ack        | ack        | ack        | ack        | ack
            * As above.

            no ACK         | left       | left edge  | inside     | right edge | right
            UNANSWERED     | .          | .          | .          | .          | .
            SYN_SENT       | .          | .          | .          | .          | .
            SYN_RECEIVED   | ack        | .          | .          | .          | ack
            ESTABLISHED    | ack        | .          | .          | .          | ack
            FIN_WAIT_1     | ack        | .          | .          | .          | ack
            FIN_WAIT_2     | ack        | .          | .          | .          | ack
            CLOSE_WAIT     | ack        | .          | .          | .          | ack
            CLOSING        | ack        | .          | .          | .          | ack
            LAST_ACK       | ack        | .          | .          | .          | ack
            TIME_WAIT      | ack        | .          | .          | .          | ack

            ACK of unsent  | left       | left edge  | inside     | right edge | right
            UNANSWERED     | .          | .          | .          | .          | .
            SYN_SENT       | rst        | rst        | rst        | rst        | rst
            SYN_RECEIVED   | ack        | rst        | rst        | rst        | rst *
            ESTABLISHED    | ack        | ack        | ack        | ack        | ack
            FIN_WAIT_1     | ack        | ack        | ack        | ack        | ack
            FIN_WAIT_2     | ack        | ack        | ack        | ack        | ack
            CLOSE_WAIT     | ack        | ack        | ack        | ack        | ack
            CLOSING        | ack        | ack        | ack        | ack        | ack
            LAST_ACK       | ack        | ack        | ack        | ack        | ack
            TIME_WAIT      | ack        | ack        | ack        | ack        | ack
            * As the bare ACK.
            """;

    private static final int GUEST_ISS = -600;
    private static final int OUR_ISS = -2;
    private static final int ROOM = 1_000;
    private static final int DATA = 50;
    private static final int STATES = TcpState.CLOSED.ordinal() + 1;
    private static final List<String> COLUMNS = List.of("left", "left edge", "inside", "right edge", "right");

    private record Event(String name, int flags, int length, int ackOffset) {}

    /// What a guest may send; `ackOffset` is relative to SND.NXT.
    private static final List<Event> EVENTS = List.of(
            new Event("ACK", TcpHeader.ACK, 0, 0),
            new Event("data", TcpHeader.ACK, DATA, 0),
            new Event("FIN", TcpHeader.FIN | TcpHeader.ACK, 0, 0),
            new Event("FIN not acking", TcpHeader.FIN | TcpHeader.ACK, 0, -1),
            new Event("FIN+data", TcpHeader.FIN | TcpHeader.ACK, DATA, 0),
            new Event("RST", TcpHeader.RST | TcpHeader.ACK, 0, 0),
            new Event("RST not acking", TcpHeader.RST, 0, -1),
            new Event("SYN", TcpHeader.SYN, 0, 0),
            new Event("SYN-ACK", TcpHeader.SYN | TcpHeader.ACK, 0, 0),
            new Event("no ACK", 0, DATA, 0),
            new Event("ACK of unsent", TcpHeader.ACK, 0, 1));

    @TestFactory
    Stream<DynamicTest> everyCellOfTheTable() {
        Map<String, String> cells = cells();
        List<DynamicTest> tests = new ArrayList<>();
        for (Event event : EVENTS) {
            for (int state = 0; state < STATES; state++) {
                for (int column = 0; column < COLUMNS.size(); column++) {
                    String row = rowName(state);
                    String key = event.name + " in " + row + ", " + COLUMNS.get(column);
                    String cell = cells.remove(key);
                    assertTrue(cell != null, () -> "no cell for " + key);
                    int at = column;
                    tests.add(DynamicTest.dynamicTest(key + ": " + cell, () -> {
                        new Run(false).check(row, event, at, cell);
                        new Run(true).check(row, event, at, cell);
                    }));
                }
            }
        }
        assertTrue(cells.isEmpty(), () -> "cells nobody asked for: " + cells);
        return tests.stream();
    }

    /// The nine states, and SYN_RECEIVED before the host has answered in the place of CLOSED.
    private static String rowName(int state) {
        return state == TcpState.CLOSED.ordinal() ? "UNANSWERED" : TcpState.values()[state].name();
    }

    private static Map<String, String> cells() {
        Map<String, String> cells = new TreeMap<>();
        String event = null;
        for (String line : MATRIX.lines().toList()) {
            String[] fields = line.split("\\|");
            if (fields.length == 1) {
                continue;
            }
            assertEquals(COLUMNS.size() + 1, fields.length, line);
            if (fields[1].strip().equals(COLUMNS.getFirst())) {
                event = fields[0].strip();
                continue;
            }
            for (int i = 0; i < COLUMNS.size(); i++) {
                String key = event + " in " + fields[0].strip() + ", " + COLUMNS.get(i);
                assertEquals(null, cells.put(key, fields[i + 1].strip()), key);
            }
        }
        return cells;
    }

    /// One connection, brought into a state through the wire, then asked.
    private static final class Run {
        private final boolean options;
        private final TestEndpoint end;
        private final PacketView view = new PacketView();
        private final long now = 1_000_000_000L;
        private int rcvNxt;
        private int rightEdge;
        private int sndNxt = OUR_ISS;

        /// @param options whether timestamps, SACK and window scaling are negotiated
        Run(boolean options) {
            this.options = options;
            TcpConfig d = TcpConfig.defaults();
            TcpConfig config = new TcpConfig(options ? 1 << 20 : 4_096, d.reassemblyBytesMax(), d.sendBufferMax(), d.rtoMinNs(),
                    d.rtoInitialNs(), d.rtoMaxNs(), d.retriesMax(), d.synRetriesMax(), d.delayedAckNs(), 0, d.keepAliveIdleNs(),
                    d.keepAliveIntervalNs(), d.keepAliveProbes(), d.timeWaitNs(), d.challengeAcksPerSecond(),
                    d.congestionControl());
            end = new TestEndpoint(config, 1_460, 1_460);
            end.room = ROOM;
        }

        void check(String row, Event event, int column, String cell) {
            enter(row);
            TcpState before = end.connection.state();
            assertEquals(row.equals("UNANSWERED") ? "SYN_RECEIVED" : row, before.name());
            end.events.clear();
            end.received.reset();
            // RCV.NXT is not known before the guest's SYN.
            int nxt = before == TcpState.SYN_SENT ? seq(column) + 1 : rcvNxt;
            int ack = sndNxt + event.ackOffset;
            send(event.flags, seq(column), ack, event.length);
            List<String> told = new ArrayList<>();
            told.addAll(end.events.stream().map(TcpStateEventMatrixTest::word).toList());
            int fin = end.events.contains("fin") ? 1 : 0;
            List<String> happened = new ArrayList<>();
            if (end.connection.state() != before) {
                happened.add(end.connection.state().name());
            }
            while (!end.sent.isEmpty()) {
                happened.add(answer(end.sent.remove().view(), ack, nxt + end.received.size() + fin));
            }
            if (end.received.size() > 0) {
                happened.add(Integer.toString(end.received.size()));
            }
            happened.addAll(told);
            assertEquals(sorted(cell), String.join(" ", happened.stream().sorted().toList()));
        }

        private static String sorted(String cell) {
            return String.join(" ", Stream.of(cell.split(" +")).filter(word -> !word.equals(".") && !word.equals("*")).sorted().toList());
        }

        private String answer(PacketView segment, int segAck, int nxt) {
            return switch (segment.flags & ~TcpHeader.PSH) {
                case TcpHeader.ACK -> {
                    assertEquals(sndNxt, segment.seq, "SEQ=SND.NXT");
                    assertEquals(nxt, segment.ack, "ACK=RCV.NXT");
                    yield "ack";
                }
                case TcpHeader.RST -> {
                    assertEquals(segAck, segment.seq, "SEQ=SEG.ACK");
                    yield "rst";
                }
                case TcpHeader.SYN | TcpHeader.ACK -> {
                    assertEquals(OUR_ISS, segment.seq, "SEQ=ISS");
                    yield "syn-ack";
                }
                default -> "flags " + segment.flags;
            };
        }

        private int seq(int column) {
            return switch (column) {
                case 0 -> rcvNxt - 100;
                case 1 -> rcvNxt;
                case 2 -> rcvNxt + 100;
                case 3 -> rightEdge - 1;
                default -> rightEdge;
            };
        }

        private void enter(String row) {
            switch (row) {
                case "UNANSWERED" -> passive();
                case "SYN_SENT" -> {
                    end.connection = TcpConnection.active(end.shared, end, end, end.buffer, OUR_ISS, now);
                    rcvNxt = GUEST_ISS + 1;
                    rightEdge = rcvNxt + ROOM;
                    settle();
                }
                case "SYN_RECEIVED" -> accepted();
                case "ESTABLISHED" -> established();
                case "FIN_WAIT_1" -> finWait1();
                case "FIN_WAIT_2" -> {
                    finWait1();
                    send(TcpHeader.ACK, rcvNxt, sndNxt, 0);
                }
                case "CLOSE_WAIT" -> closeWait();
                case "CLOSING" -> {
                    finWait1();
                    send(TcpHeader.FIN | TcpHeader.ACK, rcvNxt, sndNxt - 1, 0);
                    settle();
                }
                case "LAST_ACK" -> {
                    closeWait();
                    end.connection.close(now);
                    settle();
                }
                case "TIME_WAIT" -> {
                    finWait1();
                    send(TcpHeader.FIN | TcpHeader.ACK, rcvNxt, sndNxt, 0);
                    settle();
                }
                default -> throw new AssertionError(row);
            }
        }

        private void passive() {
            ByteBuf syn = segment(TcpHeader.SYN, GUEST_ISS, 0, 0);
            assertEquals(0, view.payloadLength, syn::toString);
            end.connection = TcpConnection.passive(end.shared, end, end, end.buffer, view, OUR_ISS, now);
            rcvNxt = GUEST_ISS + 1;
            rightEdge = rcvNxt + ROOM;
        }

        private void accepted() {
            passive();
            end.connection.accept(now);
            settle();
        }

        private void established() {
            accepted();
            send(TcpHeader.ACK, rcvNxt, sndNxt, 0);
            settle();
        }

        private void finWait1() {
            established();
            end.connection.close(now);
            settle();
        }

        private void closeWait() {
            established();
            send(TcpHeader.FIN | TcpHeader.ACK, rcvNxt, sndNxt, 0);
            settle();
        }

        private void send(int flags, int seq, int ack, int length) {
            ByteBuf frame = segment(flags, seq, ack, length);
            end.connection.onSegment(view, frame, now);
            end.connection.onBatchEnd(now);
        }

        private ByteBuf segment(int flags, int seq, int ack, int length) {
            OutboundSegment segment = new OutboundSegment();
            segment.clear();
            segment.flags = flags;
            segment.seq = seq;
            segment.ack = ack;
            segment.window = 10_000;
            if (options) {
                boolean syn = (flags & TcpHeader.SYN) != 0;
                segment.sackPermitted = syn;
                segment.windowScale = syn ? 3 : -1;
                segment.timestamps = true;
                segment.tsVal = 7;
            }
            ByteBuf frame = Unpooled.buffer(60 + length);
            int header = TcpHeader.write(frame, 0, 2, 1, segment);
            frame.writerIndex(header).writeZero(length);
            view.l4Offset = 0;
            view.l4Length = header + length;
            view.offload = 2L << 4;
            TcpHeader.decode(frame, view);
            return frame;
        }

        /// Learns RCV.NXT, the promised right edge and SND.NXT from what was sent.
        private void settle() {
            end.connection.onBatchEnd(now);
            while (!end.sent.isEmpty()) {
                PacketView out = end.sent.remove().view();
                sndNxt = Math.max(sndNxt, out.seq + out.seqLength());
                if (out.hasFlags(TcpHeader.ACK)) {
                    rcvNxt = out.ack;
                    int shift = options && !out.hasFlags(TcpHeader.SYN) ? ReceiveSide.shiftFor(1 << 20) : 0;
                    rightEdge = Math.max(rightEdge, out.ack + (out.window << shift));
                }
            }
        }
    }

    private static String word(String event) {
        return switch (event) {
            case "established" -> "est";
            case "RESET_BY_GUEST" -> "reset";
            default -> event;
        };
    }
}

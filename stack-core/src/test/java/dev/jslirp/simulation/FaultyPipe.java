package dev.jslirp.simulation;

import dev.jslirp.testkit.SimReactor;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;

/// One direction of the link, with its faults.
final class FaultyPipe {
    /// Bytes of an Ethernet header; it has a check sequence of its own, so no bit of it flips unseen.
    private static final int ETHERNET = 14;
    private static final int IPV4 = 0x0800;

    /// A frame under way.
    ///
    /// @param damaged whether a bit flipped
    record Carried(byte[] bytes, long offload, boolean damaged) {}

    /// Takes what comes out.
    interface Sink {
        void take(Carried frame);
    }

    private record Arrival(long atNs, long order, Carried frame) implements Comparable<Arrival> {
        @Override
        public int compareTo(Arrival other) {
            long difference = atNs - other.atNs;
            return difference != 0 ? Long.signum(difference) : Long.compare(order, other.order);
        }
    }

    private final SimReactor reactor;
    private final Faults faults;
    private final RandomGenerator random;
    private final Sink sink;
    private final long healAtNs;
    private final PriorityQueue<Arrival> arrivals = new PriorityQueue<>();
    /// Sizes and departure times of the frames that wait for the limited link.
    private final ArrayDeque<long[]> queue = new ArrayDeque<>();
    private long queuedBytes;
    private long order;
    private long freeAtNs;
    private long stalledUntilNs;

    FaultyPipe(SimReactor reactor, Faults faults, RandomGenerator random, Sink sink) {
        this.reactor = reactor;
        this.faults = faults;
        this.random = random;
        this.sink = sink;
        healAtNs = reactor.nowNs() + faults.healNs();
        freeAtNs = reactor.nowNs();
        stalledUntilNs = reactor.nowNs();
    }

    /// A frame goes in. @return what becomes of it, empty for nothing special
    String carry(byte[] bytes, long offload) {
        boolean healthy = reactor.nowNs() - healAtNs >= 0;
        if (!healthy && (hits(faults.loss()) || isBareAck(bytes) && hits(faults.ackLoss()))) {
            return "lost";
        }
        long atNs = departureNs(bytes.length);
        if (atNs == Long.MAX_VALUE) {
            return "queue full";
        }
        atNs += faults.delayNs();
        if (healthy) {
            arrive(atNs, new Carried(bytes, offload, false));
            return "";
        }
        return carryFaulty(bytes, offload, atNs);
    }

    private String carryFaulty(byte[] bytes, long offload, long arrivalNs) {
        long atNs = arrivalNs;
        String fate = "";
        if (hits(faults.reorder())) {
            atNs += random.nextLong(1, 2 * faults.delayNs() + 2 * Faults.MS);
            fate += "late ";
        }
        Carried carried = new Carried(bytes, offload, false);
        if (isIpv4(bytes) && hits(faults.pad()) && bytes.length + 16 <= faults.link().maxFrameBytes()) {
            carried = new Carried(Arrays.copyOf(bytes, bytes.length + random.nextInt(1, 17)), offload, false);
            fate += "padded ";
        }
        if (isIpv4(bytes) && hits(faults.corrupt())) {
            int bit = random.nextInt(ETHERNET * 8, (ETHERNET + ipLength(bytes)) * 8);
            byte[] damaged = carried.bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            carried = new Carried(damaged, offload, true);
            fate += "damaged ";
        }
        arrive(atNs, carried);
        if (hits(faults.duplicate())) {
            arrive(atNs + random.nextLong(1, Faults.MS + faults.delayNs()), carried);
            fate += "twice ";
        }
        return fate.strip();
    }

    /// When the last bit has left; [Long#MAX_VALUE] when the frame does not fit into the queue.
    private long departureNs(int bytes) {
        long nowNs = reactor.nowNs();
        if (faults.stallNs() > 0 && nowNs - healAtNs < 0 && stalledUntilNs - nowNs <= 0 && random.nextInt(200) == 0) {
            stalledUntilNs = nowNs + faults.stallNs();
        }
        long startNs = Math.max(0, Math.max(stalledUntilNs - nowNs, freeAtNs - nowNs)) + nowNs;
        if (faults.bitsPerSecond() == 0) {
            return startNs;
        }
        while (!queue.isEmpty() && queue.peek()[0] - nowNs <= 0) {
            queuedBytes -= queue.poll()[1];
        }
        if (queuedBytes > 0 && queuedBytes + bytes > faults.queueBytesMax()) {
            return Long.MAX_VALUE;
        }
        freeAtNs = startNs + bytes * 8L * Faults.S / faults.bitsPerSecond();
        queue.add(new long[] {freeAtNs, bytes});
        queuedBytes += bytes;
        return freeAtNs;
    }

    private void arrive(long atNs, Carried frame) {
        long quantumNs = faults.quantumNs();
        long onGridNs = quantumNs == 0 ? atNs : Math.ceilDiv(atNs, quantumNs) * quantumNs;
        arrivals.add(new Arrival(onGridNs, order++, frame));
        reactor.schedule(onGridNs, this::deliver);
    }

    /// Delivers all that is due in one round, so that a batch has more than one frame.
    private void deliver() {
        while (!arrivals.isEmpty() && arrivals.peek().atNs - reactor.nowNs() <= 0) {
            sink.take(arrivals.poll().frame);
            if (faults.quantumNs() == 0) {
                return;
            }
        }
    }

    private boolean hits(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    private static boolean isIpv4(byte[] bytes) {
        return bytes.length >= ETHERNET + 20 && ((bytes[12] & 0xff) << 8 | bytes[13] & 0xff) == IPV4;
    }

    private static int ipLength(byte[] bytes) {
        return Math.min(bytes.length - ETHERNET, (bytes[ETHERNET + 2] & 0xff) << 8 | bytes[ETHERNET + 3] & 0xff);
    }

    private static boolean isBareAck(byte[] bytes) {
        return isIpv4(bytes) && bytes[ETHERNET + 9] == 6 && ipLength(bytes) == 20 + (bytes[ETHERNET + 32] >> 4 & 0xf) * 4;
    }
}

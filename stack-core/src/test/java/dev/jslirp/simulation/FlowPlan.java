package dev.jslirp.simulation;

import dev.jslirp.host.HostError;
import java.util.random.RandomGenerator;

/// One conversation, as it is meant to go. *Up* is guest to host.
///
/// @param index       number of the flow, from 0
/// @param byHost      whether a peer of the host opens it, through a port forward
/// @param startNs     when it is opened
/// @param connect     what the host answers to the connect of the stack; null for success
/// @param connectNs   how long that takes; [Long#MAX_VALUE] for never
/// @param upBytes     what the guest sends
/// @param downBytes   what the host's peer sends
/// @param guestChunk  bytes the guest's application writes at a time
/// @param hostChunk   bytes the host's peer writes at a time
/// @param guestEnd    how the guest's application ends its direction
/// @param hostEnd     how the host's peer ends its direction
/// @param guestReads  bytes per millisecond the guest's application reads; 0 for all at once
/// @param hostReads   the same at the host's peer; -1 for nothing before the faults end
/// @param guestBuffer size of the guest's socket buffers
record FlowPlan(int index, boolean byHost, long startNs, HostError connect, long connectNs, int upBytes, int downBytes, int guestChunk,
        int hostChunk, End guestEnd, End hostEnd, int guestReads, int hostReads, int guestBuffer) {
    /// How one direction ends.
    enum End {
        /// FIN after the last byte.
        AT_ONCE,
        /// FIN after the last byte, once the other side has ended.
        AFTER_OTHER,
        /// Reset when half of the bytes are written.
        RESET
    }

    private static final HostError[] FAILURES = {HostError.REFUSED, HostError.HOST_UNREACHABLE, HostError.NETWORK_UNREACHABLE,
        HostError.PROHIBITED, HostError.TIMED_OUT, HostError.NO_RESOURCES, HostError.OTHER};

    static FlowPlan draw(int index, Faults faults, RandomGenerator random) {
        boolean byHost = faults.forwards() && random.nextBoolean();
        int most = faults.link().mtuBytes() < 500 ? 8_000 : random.nextInt(4) == 0 ? 400_000 : 40_000;
        boolean fails = !byHost && random.nextInt(8) == 0;
        long connectNs = switch (random.nextInt(6)) {
            case 0 -> Long.MAX_VALUE;
            case 1, 2 -> random.nextLong(3 * Faults.S);
            default -> 0;
        };
        if (connectNs == Long.MAX_VALUE && random.nextInt(3) != 0) {
            connectNs = 0;
        }
        End guestEnd = end(random);
        End hostEnd = end(random);
        if (guestEnd == End.AFTER_OTHER && hostEnd == End.AFTER_OTHER) {
            hostEnd = End.AT_ONCE;
        }
        return new FlowPlan(index, byHost, random.nextLong(2 * Faults.S), fails ? FAILURES[random.nextInt(FAILURES.length)] : null,
                byHost ? 0 : connectNs, bytes(random, most), bytes(random, most), 1 << random.nextInt(4, 17), 1 << random.nextInt(4, 17),
                guestEnd, hostEnd, reads(random), random.nextInt(12) == 0 ? -1 : reads(random), 1 << random.nextInt(12, 20));
    }

    /// A transfer towards the guest and nothing else.
    static FlowPlan download(int index, int bytes, int guestBuffer) {
        return new FlowPlan(index, false, 0, null, 0, 0, bytes, 1, 4_096, End.AFTER_OTHER, End.AT_ONCE, 0, 0, guestBuffer);
    }

    /// Whether nobody means to break it off.
    boolean peaceful() {
        return connect == null && connectNs != Long.MAX_VALUE && guestEnd != End.RESET && hostEnd != End.RESET;
    }

    private static End end(RandomGenerator random) {
        return switch (random.nextInt(8)) {
            case 0 -> End.RESET;
            case 1, 2, 3 -> End.AFTER_OTHER;
            default -> End.AT_ONCE;
        };
    }

    private static int bytes(RandomGenerator random, int most) {
        return random.nextInt(6) == 0 ? 0 : random.nextInt(most);
    }

    private static int reads(RandomGenerator random) {
        return random.nextInt(3) != 0 ? 0 : 1 << random.nextInt(4, 12);
    }
}

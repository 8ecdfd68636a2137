package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.DescriptorSocket;
import dev.jslirp.tap.linux.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// vhost-user messages on a socket, one at a time, in the machine's byte order.
///
/// ```
///   0          4         8        12
/// +----------+---------+--------+-----------------+
/// | request  | flags   | size   | payload, size B |     flags: 0-1 version, 2 reply, 3 needs a reply
/// +----------+---------+--------+-----------------+
/// ```
/// Descriptors belong to the message they came with; those it does not take are closed when the next one is read.
final class MessageChannel implements AutoCloseable {
    /// How reading went on.
    enum Progress {
        /// A message is here.
        COMPLETE,
        /// The rest is still to come.
        PARTIAL,
        /// The front end has closed the connection.
        ENDED,
        /// The connection is of no use any more; see [#problem].
        FAILED
    }

    /// Longest payload taken. The longest of a known request has 264 bytes; unknown ones are read in order to be refused.
    static final int PAYLOAD_MAX = 4_096;
    private static final int HEADER_BYTES = 12;
    private static final int VERSION_MASK = 3;
    private static final int VERSION = 1;
    private static final int REPLY = 4;
    private static final int NEED_REPLY = 8;

    private final DescriptorSocket socket;
    private final MemorySegment message = Arena.ofAuto().allocate(HEADER_BYTES + PAYLOAD_MAX, 8);
    private int filled;
    private boolean complete;
    private String problem;

    /// Speaks on `socket`, which it owns.
    MessageChannel(DescriptorSocket socket) {
        this.socket = socket;
    }

    /// The descriptor to be watched.
    int fd() {
        return socket.fd();
    }

    /// Reads on. Never more than one message, because descriptors belong to the message they came with.
    Progress read() {
        if (complete) {
            complete = false;
            filled = 0;
            socket.discardDescriptors();
        }
        Progress progress = fill(HEADER_BYTES);
        if (progress != Progress.COMPLETE) {
            return progress;
        }
        if ((flags() & VERSION_MASK) != VERSION || (flags() & REPLY) != 0) {
            return failed("a message with flags 0x" + Integer.toHexString(flags()));
        }
        if (Integer.compareUnsigned(size(), PAYLOAD_MAX) > 0) {
            return failed("a message of " + Integer.toUnsignedString(size()) + " bytes");
        }
        progress = fill(HEADER_BYTES + size());
        complete = progress == Progress.COMPLETE;
        return progress;
    }

    private Progress fill(int end) {
        while (filled < end) {
            int received = socket.receive(message, filled, end - filled);
            if (received == 0) {
                return filled == 0 ? Progress.ENDED : failed("a message cut short");
            }
            if (received == -Errno.EAGAIN.number() || received == -Errno.EINTR.number()) {
                return Progress.PARTIAL;
            }
            if (received < 0) {
                return switch (Errno.of(-received)) {
                    case ECONNRESET -> Progress.ENDED;
                    case EMSGSIZE -> failed("descriptors of a message were lost: too many, or too many are open");
                    default -> failed(Errno.describe(-received));
                };
            }
            filled += received;
        }
        return Progress.COMPLETE;
    }

    private Progress failed(String why) {
        problem = why;
        return Progress.FAILED;
    }

    /// Why reading or replying failed.
    String problem() {
        return problem;
    }

    int request() {
        return message.get(ValueLayout.JAVA_INT, 0);
    }

    private int flags() {
        return message.get(ValueLayout.JAVA_INT, 4);
    }

    /// Bytes of the payload.
    int size() {
        return message.get(ValueLayout.JAVA_INT, 8);
    }

    /// Whether the message asks for a reply that says how it went.
    boolean needsReply() {
        return (flags() & NEED_REPLY) != 0;
    }

    int intAt(int offset) {
        return message.get(ValueLayout.JAVA_INT_UNALIGNED, HEADER_BYTES + offset);
    }

    long longAt(int offset) {
        return message.get(ValueLayout.JAVA_LONG_UNALIGNED, HEADER_BYTES + offset);
    }

    /// Descriptors that came with the message and were not taken.
    int descriptors() {
        return socket.descriptors();
    }

    /// The next of them, now the caller's, or -1.
    int takeDescriptor() {
        return socket.takeDescriptor();
    }

    /// Replies to the message at hand, which is lost, with a number.
    ///
    /// @return whether the front end took it; one that does not read its replies is not waited for
    boolean reply(long number) {
        message.set(ValueLayout.JAVA_INT, 4, VERSION | REPLY);
        message.set(ValueLayout.JAVA_INT, 8, Long.BYTES);
        message.set(ValueLayout.JAVA_LONG_UNALIGNED, HEADER_BYTES, number);
        int bytes = HEADER_BYTES + Long.BYTES;
        if (socket.send(message, bytes) == bytes) {
            return true;
        }
        problem = "a reply was not taken";
        return false;
    }

    /// Closes the socket and the descriptors that nobody took.
    @Override
    public void close() {
        socket.close();
    }
}

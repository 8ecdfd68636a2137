package dev.jslirp.tap.host;

import dev.jslirp.tap.linux.DatagramReceiver;
import dev.jslirp.tap.linux.DatagramSender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// What the datagram sockets of a loop share: the slots they receive into, and the gathering of small datagrams to be sent. The
/// gathered ones all belong to one socket; before another's come in they are sent.
final class DatagramTraffic {
    /// Longer datagrams are sent at once, from where they are.
    static final int GATHERED_MAX_BYTES = 2_048;
    private static final int MESSAGES = 64;
    private static final int SLOTS_BYTES = DatagramReceiver.SLOTS * DatagramReceiver.SLOT_BYTES;
    private static final int GATHER_BYTES = 128 * 1024;

    private final ByteBufAllocator allocator;
    private final DatagramReceiver receiver;
    private final DatagramSender sender = new DatagramSender(MESSAGES);
    /// For the datagrams of a run that must go singly.
    private final DatagramSender single = new DatagramSender(1);
    private ByteBuf slots;
    private final ByteBuf gathered;
    private LinuxDatagrams owner;
    private int tail;

    /// The message being gathered: one datagram or a run of equal ones.
    private int start;
    private int segmentBytes;
    private int datagrams;
    private boolean complete;
    private long hi;
    private long lo;
    private int port;

    DatagramTraffic(ByteBufAllocator allocator) {
        this.allocator = allocator;
        slots = allocator.directBuffer(SLOTS_BYTES, SLOTS_BYTES);
        gathered = allocator.directBuffer(GATHER_BYTES, GATHER_BYTES);
        receiver = new DatagramReceiver(slots.memoryAddress());
    }

    DatagramReceiver receiver() {
        return receiver;
    }

    /// Receives what waits at `fd`, into the slots. @return messages, or a negated error number
    int receive(int fd) {
        if (slots.refCnt() != 1) {
            // A link has kept what it queues.
            slots.release();
            slots = allocator.directBuffer(SLOTS_BYTES, SLOTS_BYTES);
            receiver.moveTo(slots.memoryAddress());
        }
        return receiver.receive(fd);
    }

    /// The memory of all slots.
    ByteBuf slots() {
        return slots;
    }

    /// Puts the datagrams of the slots from `first` on that came from one source and are of equal size (the last may be shorter) behind
    /// each other, in slot `first`. @return how many slots that were
    int joinRun(int first, int count) {
        int size = receiver.length(first);
        if (size == 0 || first + 1 == count || receiver.segmentBytes(first) != 0) {
            return 1;
        }
        int base = first * DatagramReceiver.SLOT_BYTES;
        int bytes = size;
        int next = first + 1;
        for (int length = size; next < count && length == size; next++) {
            length = receiver.length(next);
            if (length == 0 || length > size || bytes + length > DatagramSender.RUN_BYTES || receiver.segmentBytes(next) != 0
                    || receiver.port(next) != receiver.port(first) || receiver.lo(next) != receiver.lo(first)
                    || receiver.hi(next) != receiver.hi(first)) {
                break;
            }
            slots.setBytes(base + bytes, slots, next * DatagramReceiver.SLOT_BYTES, length);
            bytes += length;
        }
        slots.setIndex(base, base + bytes);
        return next - first;
    }

    /// Copies one small datagram to what goes out next. **Borrows** `bytes`.
    void gather(LinuxDatagrams socket, ByteBuf bytes, int index, int length, long toHi, long toLo, int toPort) {
        claim(socket);
        if (tail + length > GATHER_BYTES) {
            flush(socket);
            claim(socket);
        }
        if (!joinsRun(length, toHi, toLo, toPort)) {
            endMessage();
            hi = toHi;
            lo = toLo;
            port = toPort;
            start = tail;
            segmentBytes = length;
            complete = length == 0 || length > socket.runSegmentMax();
        }
        bytes.getBytes(index, gathered, tail, length);
        tail += length;
        datagrams++;
        complete |= length < segmentBytes;
    }

    private boolean joinsRun(int length, long toHi, long toLo, int toPort) {
        return datagrams > 0 && !complete && length <= segmentBytes && length > 0 && datagrams < DatagramSender.RUN_DATAGRAMS
                && tail - start + length <= DatagramSender.RUN_BYTES && toLo == lo && toPort == port && toHi == hi;
    }

    private void endMessage() {
        if (datagrams == 0) {
            return;
        }
        if (sender.isFull()) {
            send(sender);
        }
        sender.add(gathered.memoryAddress() + start, tail - start, datagrams > 1 ? segmentBytes : 0, hi, lo, port);
        datagrams = 0;
    }

    /// Sends one datagram or run at once, behind what was gathered. **Borrows** `bytes`, whose length is at most that of a UDP datagram.
    ///
    /// @param segment the length of each datagram of a run; 0 for a single datagram
    void sendNow(LinuxDatagrams socket, ByteBuf bytes, int index, int length, int segment, long toHi, long toLo, int toPort) {
        flush(socket);
        claim(socket);
        ByteBuf direct = bytes.hasMemoryAddress() ? bytes : gathered.setBytes(0, bytes, index, length);
        int at = direct == bytes ? index : 0;
        boolean cut = segment > socket.runSegmentMax();
        sender.add(direct.memoryAddress() + at, length, cut ? 0 : segment, toHi, toLo, toPort);
        if (cut) {
            sendSingly(sender, 0, segment);
            sender.clear();
        } else {
            send(sender);
        }
        owner = null;
    }

    private void claim(LinuxDatagrams socket) {
        if (owner != null && owner != socket) {
            flush(owner);
        }
        owner = socket;
    }

    /// Sends what `socket` has gathered.
    void flush(LinuxDatagrams socket) {
        if (owner != socket) {
            return;
        }
        endMessage();
        send(sender);
        tail = 0;
        owner = null;
    }

    /// The socket is closed: what it has gathered is dropped.
    void forget(LinuxDatagrams socket) {
        if (owner == socket) {
            datagrams = 0;
            tail = 0;
            sender.clear();
            owner = null;
        }
    }

    /// Sends all messages of `messages`, and empties it.
    private void send(DatagramSender messages) {
        boolean retried = false;
        for (int at = 0; at < messages.count();) {
            int sent = messages.send(owner.fd(), at);
            int segment = messages.segmentBytes(at);
            if (sent > 0) {
                at += sent;
                retried = false;
                continue;
            }
            if (segment != 0 && owner.refusesRuns(sent, segment)) {
                sendSingly(messages, at++, segment);
            } else if (retried || LinuxDatagrams.isFull(sent)) {
                owner.tellLater(sent, messages.hi(at), messages.lo(at), messages.port(at));
                at++;
                retried = false;
            } else {
                // Likely the answer to an earlier datagram, of which the error queue tells.
                retried = true;
            }
        }
        messages.clear();
    }

    private void sendSingly(DatagramSender messages, int at, int segment) {
        int length = messages.length(at);
        for (int done = 0; done < length; done += segment) {
            int bytes = Math.min(segment, length - done);
            single.add(messages.address(at) + done, bytes, 0, messages.hi(at), messages.lo(at), messages.port(at));
            send(single);
        }
    }

    void close() {
        slots.release();
        gathered.release();
        sender.close();
        single.close();
        receiver.close();
    }
}

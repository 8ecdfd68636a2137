package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.DescriptorSocket;
import dev.jslirp.tap.linux.Errno;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.SharedFiles;
import dev.jslirp.tap.linux.SharedMemory;
import dev.jslirp.tap.linux.TapException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A virtual machine monitor and its guest's driver, as far as vhost-user and virtio-net see them.
///
/// The guest's memory is one file in two regions that follow each other for the guest, and whose addresses in the monitor do not.
final class FrontEnd implements AutoCloseable {
    static final long ALL = Features.CSUM | Features.GUEST_CSUM | Features.GUEST_TSO4 | Features.HOST_TSO4 | Features.HOST_USO
            | Features.MRG_RXBUF | Features.INDIRECT_DESC | Features.EVENT_IDX | Features.PROTOCOL_FEATURES | Features.VERSION_1;
    static final long MEMORY_BYTES = 16 << 20;
    static final long HALF = MEMORY_BYTES / 2;
    static final long GUEST = 0x1_0000_0000L;
    static final long USER = 0x7f12_0000_0000L;
    static final long USER_2 = 0x7f99_0000_0000L;
    static final int NEED_REPLY = 8;
    /// Where the buffers of a test begin, seen from the memory's beginning.
    static final long BUFFERS = 1 << 20;
    private static final int RING_AREA = 128 << 10;

    final int memoryFd;
    final MemorySegment memory;
    final DriverRing[] rings;
    private final LinkFixture backEnd;
    private final DescriptorSocket socket;
    private final SharedMemory shared;
    private final MemorySegment message = Arena.ofAuto().allocate(8_192, 8);

    FrontEnd(LinkFixture backEnd, int ringSize, int ringCount) throws TapException {
        this(backEnd, ringSize, ringCount, true);
    }

    FrontEnd(LinkFixture backEnd, int ringSize, int ringCount, boolean sealable) throws TapException {
        this.backEnd = backEnd;
        socket = SharedFiles.connect(backEnd.path);
        memoryFd = SharedFiles.create(MEMORY_BYTES, sealable);
        shared = SharedMemory.map(memoryFd, 0, MEMORY_BYTES);
        memory = shared.segment();
        rings = new DriverRing[ringCount];
        for (int i = 0; i < ringCount; i++) {
            rings[i] = new DriverRing(memory, (long) i * RING_AREA, ringSize);
        }
    }

    /// Sends a message.
    ///
    /// @return whether the back end's socket took it
    boolean send(int request, int flags, byte[] payload, int... descriptors) {
        message.set(ValueLayout.JAVA_INT, 0, request);
        message.set(ValueLayout.JAVA_INT, 4, flags);
        message.set(ValueLayout.JAVA_INT, 8, payload.length);
        MemorySegment.copy(MemorySegment.ofArray(payload), 0, message, 12, payload.length);
        return sendRaw(12 + payload.length, descriptors);
    }

    /// Sends the first `length` bytes of [#message].
    boolean sendRaw(int length, int... descriptors) {
        return socket.send(message, length, descriptors) == length;
    }

    MemorySegment message() {
        return message;
    }

    static byte[] words(long... values) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * 8]);
        for (int i = 0; i < values.length; i++) {
            bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, values[i]);
        }
        return bytes.toArray(ValueLayout.JAVA_BYTE);
    }

    /// Waits for a reply; its payload, or -1 if the connection was closed.
    long reply() {
        int filled = 0;
        int wanted = 20;
        while (filled < wanted) {
            Processes.awaitInput(socket.fd());
            int received = socket.receive(message, filled, wanted - filled);
            if (received == 0 || received == -Errno.ECONNRESET.number()) {
                return -1;
            }
            filled += Math.max(0, received);
        }
        return message.get(ValueLayout.JAVA_LONG_UNALIGNED, 12);
    }

    /// What a request without payload is answered.
    long get(int request) {
        return send(request, 1, new byte[0]) ? reply() : -1;
    }

    /// The result of a request: 0 is good, -1 a closed connection.
    long result(int request, byte[] payload, int... descriptors) {
        return send(request, 1 | NEED_REPLY, payload, descriptors) ? reply() : -1;
    }

    void must(int request, byte[] payload, int... descriptors) {
        long result = result(request, payload, descriptors);
        if (result != 0) {
            throw new AssertionError("request " + request + " has the result " + result);
        }
    }

    /// When this returns, the back end has dealt with every message and kick before.
    ///
    /// @return whether the connection lives
    boolean settle() {
        boolean alive = get(Request.GET_FEATURES) != -1;
        backEnd.rounds();
        return alive;
    }

    /// Everything up to running, enabled rings.
    void start(long features) {
        negotiate(features);
        must(Request.SET_MEM_TABLE, memoryTable(), memoryFd, memoryFd);
        for (int i = 0; i < rings.length; i++) {
            startRing(i, 0);
        }
        settle();
    }

    void negotiate(long features) {
        get(Request.GET_FEATURES);
        get(Request.GET_PROTOCOL_FEATURES);
        send(Request.SET_PROTOCOL_FEATURES, 1, words(Features.PROTOCOL_OFFERED));
        must(Request.SET_OWNER, new byte[0]);
        must(Request.SET_FEATURES, words(features));
    }

    static byte[] memoryTable() {
        return words(2, GUEST, HALF, USER, 0, GUEST + HALF, HALF, USER_2, HALF);
    }

    void startRing(int index, int position) {
        DriverRing ring = rings[index];
        must(Request.SET_VRING_NUM, words(index | (long) ring.size << 32));
        must(Request.SET_VRING_BASE, words(index | (long) position << 32));
        must(Request.SET_VRING_ADDR, words(index, USER + ring.table, USER + ring.used, USER + ring.available, 0));
        must(Request.SET_VRING_CALL, words(index), ring.callFd);
        must(Request.SET_VRING_ERR, words(index), ring.errorFd);
        must(Request.SET_VRING_KICK, words(index), ring.kickFd);
        must(Request.SET_VRING_ENABLE, words(index | 1L << 32));
        ring.kick();
    }

    /// The guest's address of a place in its memory.
    static long address(long at) {
        return GUEST + at;
    }

    @Override
    public void close() {
        socket.close();
        for (DriverRing ring : rings) {
            ring.close();
        }
        shared.close();
        Processes.close(memoryFd);
    }
}

package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.EventFd;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.SharedFiles;
import dev.jslirp.tap.linux.TapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/// The driver's side of a split virtqueue, honest or not.
final class DriverRing implements AutoCloseable {
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;
    private static final VarHandle INDEX = ValueLayout.JAVA_SHORT.varHandle();

    final int size;
    final int kickFd;
    final int callFd;
    final int errorFd;
    final MemorySegment memory;
    /// Where in the memory table, available ring and used ring are.
    final long table;
    final long available;
    final long used;
    private int offered;
    private int seen;

    DriverRing(MemorySegment memory, long at, int size) throws TapException {
        this.memory = memory;
        this.size = size;
        table = at;
        available = table + 16L * size;
        used = available + 6 + 2L * size + 3 & -4;
        kickFd = EventFd.open();
        callFd = EventFd.open();
        errorFd = EventFd.open();
    }

    /// Bytes a ring takes in memory, rounded up.
    static long bytes(int size) {
        return 26L * size + 4_096 & -4_096;
    }

    void descriptor(int index, long address, long length, int flags, int next) {
        descriptorAt(table + 16L * index, address, length, flags, next);
    }

    void descriptorAt(long at, long address, long length, int flags, int next) {
        memory.set(ValueLayout.JAVA_LONG, at, address);
        memory.set(ValueLayout.JAVA_INT, at + 8, (int) length);
        memory.set(ValueLayout.JAVA_SHORT, at + 12, (short) flags);
        memory.set(ValueLayout.JAVA_SHORT, at + 14, (short) next);
    }

    /// Makes the chain at `head` available; it is seen after [#publish].
    void offer(int head) {
        memory.set(ValueLayout.JAVA_SHORT, available + 4 + 2L * (offered & size - 1), (short) head);
        offered++;
    }

    /// Moves the available index to what was offered, or `ahead` further.
    void publish(int ahead) {
        INDEX.setRelease(memory, available + 2, (short) (offered + ahead));
    }

    void kick() {
        EventFd.signal(kickFd);
    }

    /// Whether the device wants a kick for what was published since `before` (position).
    boolean wantsKick(int before) {
        VarHandle.fullFence();
        int event = (short) INDEX.getAcquire(memory, used + 4 + 8L * size);
        return (offered - event - 1 & 0xffff) < (offered - before & 0xffff);
    }

    int offered() {
        return offered;
    }

    /// The position whose passing the device shall call for (EVENT_IDX).
    void callWhenPast(int position) {
        INDEX.setRelease(memory, available + 4 + 2L * size, (short) position);
        VarHandle.fullFence();
    }

    void availableFlags(int flags) {
        memory.set(ValueLayout.JAVA_SHORT, available, (short) flags);
    }

    int usedFlags() {
        return memory.get(ValueLayout.JAVA_SHORT, used);
    }

    /// How many used entries there are that were not taken.
    int usedCount() {
        return ((short) INDEX.getAcquire(memory, used + 2) - seen) & 0xffff;
    }

    /// Takes the next used entry: head in the low half, bytes written in the high one.
    long takeUsed() {
        long entry = memory.get(ValueLayout.JAVA_LONG_UNALIGNED, used + 4 + 8L * (seen & size - 1));
        seen++;
        return entry;
    }

    /// Position of the next used entry.
    int taken() {
        return seen;
    }

    /// Calls since last asked.
    long calls() {
        return SharedFiles.drain(callFd);
    }

    long errors() {
        return SharedFiles.drain(errorFd);
    }

    @Override
    public void close() {
        Processes.close(kickFd);
        Processes.close(callFd);
        Processes.close(errorFd);
    }
}

package dev.jslirp.tap.vhost;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/// One split virtqueue (Virtual I/O Device 1.2 §2.7), seen from the device's side.
///
/// ```
/// descriptor table, 16 bytes each:  | address 8 | length 4 | flags 2 | next 2 |
/// available ring (the driver's):    | flags 2 | idx 2 | heads 2 × size | used_event 2 |
/// used ring (ours):                 | flags 2 | idx 2 | (head 4, written 4) × size | avail_event 2 |
/// ```
/// The driver and we run at the same time. What the driver wrote before it moved `idx` is seen after an acquiring read of `idx`;
/// what we wrote is seen by it after our releasing write. A notification is needed or not by comparing positions that each side
/// writes and the other reads, with a full fence between the own write and the read of the other's.
///
/// Nothing read from the rings is trusted: a value that cannot be makes the queue *broken*, and it then gives out nothing more.
final class Virtqueue {
    /// Most descriptors of one chain, indirect ones included; also what bounds a chain that loops.
    static final int CHAIN_MAX = 1_024;
    /// Most entries of a ring.
    static final int SIZE_MAX = 32_768;
    /// No chain is available.
    static final int NONE = -1;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;
    private static final int RING = 4;
    private static final int USED_ENTRY_BYTES = 8;
    private static final short NO_NOTIFICATION = 1;
    private static final VarHandle INDEX = ValueLayout.JAVA_SHORT.varHandle();

    private final GuestMemory memory;
    private int size;
    private long descriptorAddress;
    private long usedAddress;
    private long availableAddress;
    private boolean addressed;
    private MemorySegment descriptors;
    private MemorySegment available;
    private MemorySegment used;
    private boolean eventIndex;
    private boolean indirectAllowed;

    /// Position of the next chain to take; like all positions it counts on and wraps at 65 536.
    private short taken;
    /// How far the driver had come when last looked.
    private short offered;
    /// Position of the next used entry, how far the driver has been told, and how far it was when a call was last considered.
    private short put;
    private short told;
    private short considered;
    private String fault;

    private MemorySegment table;
    private long tableOffset;
    private int tableSize;
    private int next;
    private int steps;
    private boolean inIndirect;
    /// The current descriptor of the chain being walked: guest address, bytes, and whether it is for us to write.
    long address;
    long length;
    boolean writable;

    /// A queue without a ring, in `memory`.
    Virtqueue(GuestMemory memory) {
        this.memory = memory;
    }

    /// Where the queue's addresses lead.
    GuestMemory memory() {
        return memory;
    }

    /// @return null, or why a ring cannot have `entries` entries
    String resize(int entries) {
        if (entries < 1 || entries > SIZE_MAX || (entries & entries - 1) != 0) {
            return "a ring of " + Integer.toUnsignedString(entries) + " entries";
        }
        size = entries;
        detach();
        addressed = false;
        return null;
    }

    /// Entries of the ring.
    int size() {
        return size;
    }

    /// Positions the ring at these front-end addresses.
    ///
    /// @return null, or why not
    String place(long descriptorTable, long usedRing, long availableRing) {
        descriptorAddress = descriptorTable;
        usedAddress = usedRing;
        availableAddress = availableRing;
        addressed = true;
        String problem = attach();
        if (problem == null) {
            put = (short) INDEX.getAcquire(used, 2L);
            told = put;
            considered = put;
        }
        return problem;
    }

    /// Finds the ring in the memory as it is now, if it was placed.
    ///
    /// @return null, or why it is not there
    String attach() {
        detach();
        if (!addressed) {
            return null;
        }
        if (size == 0) {
            return "a ring without a size";
        }
        // Each ring has one more position behind its entries, for EVENT_IDX.
        MemorySegment table0 = memory.ring(descriptorAddress, (long) size * DESCRIPTOR_BYTES, 16);
        MemorySegment available0 = memory.ring(availableAddress, RING + 2L * size + 2, 2);
        MemorySegment used0 = memory.ring(usedAddress, RING + (long) size * USED_ENTRY_BYTES + 2, 4);
        if (table0 == null || available0 == null || used0 == null) {
            return "a ring outside the guest's memory, or not aligned";
        }
        descriptors = table0;
        available = available0;
        used = used0;
        return null;
    }

    /// Lets go of the ring's memory.
    void detach() {
        descriptors = null;
        available = null;
        used = null;
        table = null;
    }

    /// What the driver agreed to.
    void features(long features) {
        eventIndex = (features & Features.EVENT_IDX) != 0;
        indirectAllowed = (features & Features.INDIRECT_DESC) != 0;
    }

    /// Sets the position of the next chain.
    void position(int index) {
        taken = (short) index;
        offered = taken;
    }

    /// Position of the next chain, 0 … 65 535.
    int position() {
        return taken & 0xffff;
    }

    /// Whether the ring is there and not broken.
    boolean usable() {
        return used != null && fault == null;
    }

    /// What made the queue broken, or null.
    String fault() {
        return fault;
    }

    /// Forgets a fault: the front end restarts the ring.
    void repair() {
        fault = null;
    }

    private int broken(String why) {
        fault = why;
        return NONE;
    }

    /// Takes the next chain and stands before its first descriptor, see [#nextDescriptor]. The queue must be usable.
    ///
    /// @return its head, or [#NONE]: none is available, or the queue broke
    int take() {
        if (taken == offered) {
            offered = (short) INDEX.getAcquire(available, 2L);
            if (taken == offered) {
                return NONE;
            }
            if ((offered - taken & 0xffff) > size) {
                offered = taken;
                return broken("available index runs ahead by more than the ring");
            }
        }
        int head = available.get(ValueLayout.JAVA_SHORT, RING + 2L * (taken & size - 1)) & 0xffff;
        if (head >= size) {
            return broken("descriptor " + head + " in a ring of " + size);
        }
        taken++;
        table = descriptors;
        tableOffset = 0;
        tableSize = size;
        next = head;
        steps = 0;
        inIndirect = false;
        return head;
    }

    /// Puts the last `chains` chains back, in order to take them again later.
    void putBack(int chains) {
        taken -= (short) chains;
    }

    /// Steps to the chain's next descriptor: [#address], [#length], [#writable].
    ///
    /// @return false at the end of the chain, or when the queue broke
    boolean nextDescriptor() {
        while (next != NONE) {
            if (next >= tableSize || ++steps > CHAIN_MAX) {
                next = broken(next >= tableSize ? "next descriptor out of range" : "a chain too long, or a loop");
                return false;
            }
            long at = tableOffset + (long) next * DESCRIPTOR_BYTES;
            address = table.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            long rest = table.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 8);
            length = rest & 0xffff_ffffL;
            int flags = (int) (rest >>> 32);
            next = (flags & FLAG_NEXT) != 0 ? (int) (rest >>> 48) : NONE;
            if ((flags & FLAG_INDIRECT) == 0) {
                writable = (flags & FLAG_WRITE) != 0;
                return true;
            }
            if (!enterIndirect()) {
                return false;
            }
        }
        return false;
    }

    /// §2.7.5.3: a table of descriptors elsewhere; it is the last thing in its chain, and holds no further one.
    private boolean enterIndirect() {
        long entries = length / DESCRIPTOR_BYTES;
        if (!indirectAllowed || inIndirect || next != NONE || length % DESCRIPTOR_BYTES != 0 || entries == 0 || entries > SIZE_MAX) {
            next = broken("indirect descriptors against the rules");
            return false;
        }
        if (!memory.find(address) || memory.run < length) {
            next = broken("indirect descriptors outside the guest's memory");
            return false;
        }
        table = memory.segment;
        tableOffset = memory.offset;
        tableSize = (int) entries;
        inIndirect = true;
        next = 0;
        return true;
    }

    /// Finds the current descriptor's memory, its first [GuestMemory#run] bytes at least; the queue breaks if it has none.
    boolean find(long guestAddress) {
        if (memory.find(guestAddress)) {
            return true;
        }
        next = broken("descriptor address outside the guest's memory");
        return false;
    }

    /// Breaks the queue because a descriptor is for the other direction.
    void wrongDirection() {
        next = broken("a buffer for the wrong direction");
    }

    /// Gives the chain that begins with `head` back, `written` bytes of it filled. The driver sees it after [#tell].
    void use(int head, int written) {
        used.set(ValueLayout.JAVA_LONG_UNALIGNED, RING + (long) USED_ENTRY_BYTES * (put & size - 1), (long) written << 32 | head);
        put++;
    }

    /// Shows the driver what was used.
    ///
    /// @return whether it wants to be called
    boolean tell() {
        if (told != put) {
            INDEX.setRelease(used, 2L, put);
            told = put;
        }
        if (considered == put) {
            return false;
        }
        VarHandle.fullFence();
        short before = considered;
        considered = put;
        if (!eventIndex) {
            return ((short) INDEX.getOpaque(available, 0L) & NO_NOTIFICATION) == 0;
        }
        short event = (short) INDEX.getOpaque(available, RING + 2L * size);
        // §2.7.7.2: the position the driver waits for is among those passed since.
        return (put - event - 1 & 0xffff) < (put - before & 0xffff);
    }

    /// Asks the driver not to kick. With EVENT_IDX nothing needs to be said: the position it knows is passed already.
    void kicksOff() {
        if (!eventIndex) {
            INDEX.setOpaque(used, 0L, NO_NOTIFICATION);
        }
    }

    /// Asks the driver to kick for the next chain, behind those that were found, be they taken or put back.
    ///
    /// @return whether chains came in the meantime, for which there may be no kick
    boolean kicksOn() {
        if (eventIndex) {
            INDEX.setOpaque(used, RING + (long) USED_ENTRY_BYTES * size, offered);
        } else {
            INDEX.setOpaque(used, 0L, (short) 0);
        }
        VarHandle.fullFence();
        return (short) INDEX.getAcquire(available, 2L) != offered;
    }
}

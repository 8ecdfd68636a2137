package dev.jslirp.tap.vhost;

import dev.jslirp.tap.linux.SharedMemory;
import dev.jslirp.tap.linux.TapException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// The regions of the guest's memory that the front end shares, and the way from an address to the bytes.
///
/// A region has two addresses: the guest's (descriptors use it) and the front end's (the rings' positions use it). Regions
/// that follow each other for the guest may lie apart here, so a range is found piece by piece.
final class GuestMemory implements AutoCloseable {
    /// Regions at most; each takes a mapping.
    static final int REGIONS_MAX = 32;

    private final Region[] regions = new Region[REGIONS_MAX];
    private int count;
    /// Where the last address was found; most often the next one is there, too.
    private Region latest;

    /// What [#find] found: the segment, where in it the address lies, and how many bytes follow there.
    MemorySegment segment;
    long offset;
    long run;

    private static final class Region {
        final long guestAddress;
        final long userAddress;
        final long bytes;
        /// Owned.
        final SharedMemory shared;
        final MemorySegment segment;
        /// How often it was added and not removed.
        int uses = 1;

        Region(long guestAddress, long userAddress, long bytes, SharedMemory shared) {
            this.guestAddress = guestAddress;
            this.userAddress = userAddress;
            this.bytes = bytes;
            this.shared = shared;
            segment = shared.segment();
        }

        boolean is(long otherGuestAddress, long otherBytes, long otherUserAddress) {
            return guestAddress == otherGuestAddress && bytes == otherBytes && userAddress == otherUserAddress;
        }

        boolean overlaps(long otherGuestAddress, long otherBytes) {
            return Long.compareUnsigned(otherGuestAddress - guestAddress, bytes) < 0
                    || Long.compareUnsigned(guestAddress - otherGuestAddress, otherBytes) < 0;
        }
    }

    /// Maps one more region. One that is there already is only counted: QEMU before 8.1 adds, and removes, each region once per queue pair.
    ///
    /// @param fd the file it is in, at `fileOffset`; stays the caller's
    /// @return null, or why not
    String add(long guestAddress, long bytes, long userAddress, long fileOffset, int fd) {
        Region known = region(guestAddress, bytes, userAddress);
        if (known != null) {
            known.uses++;
            return null;
        }
        if (count == REGIONS_MAX) {
            return "more than " + REGIONS_MAX + " memory regions";
        }
        if (bytes <= 0 || Long.compareUnsigned(userAddress + bytes - 1, userAddress) < 0
                || Long.compareUnsigned(guestAddress + bytes - 1, guestAddress) < 0) {
            return "a memory region that wraps around";
        }
        for (int i = 0; i < count; i++) {
            if (regions[i].overlaps(guestAddress, bytes)) {
                return "memory regions that overlap";
            }
        }
        try {
            regions[count] = new Region(guestAddress, userAddress, bytes, SharedMemory.map(fd, fileOffset, bytes));
            count++;
            return null;
        } catch (TapException e) {
            return e.getMessage();
        }
    }

    /// Unmaps the region with these addresses and this size, if nobody added it again.
    ///
    /// @return whether there was one
    boolean remove(long guestAddress, long bytes, long userAddress) {
        Region region = region(guestAddress, bytes, userAddress);
        if (region == null) {
            return false;
        }
        if (--region.uses == 0) {
            forget();
            region.shared.close();
            int index = Arrays.asList(regions).indexOf(region);
            regions[index] = regions[--count];
            regions[count] = null;
        }
        return true;
    }

    private Region region(long guestAddress, long bytes, long userAddress) {
        for (int i = 0; i < count; i++) {
            if (regions[i].is(guestAddress, bytes, userAddress)) {
                return regions[i];
            }
        }
        return null;
    }

    /// Looks up a guest address; the result is in [#segment], [#offset], [#run].
    ///
    /// @return false if no region has it
    boolean find(long guestAddress) {
        Region region = latest;
        if (region != null && Long.compareUnsigned(guestAddress - region.guestAddress, region.bytes) < 0) {
            return found(region, guestAddress - region.guestAddress);
        }
        for (int i = 0; i < count; i++) {
            region = regions[i];
            if (Long.compareUnsigned(guestAddress - region.guestAddress, region.bytes) < 0) {
                latest = region;
                return found(region, guestAddress - region.guestAddress);
            }
        }
        return false;
    }

    private boolean found(Region region, long at) {
        segment = region.segment;
        offset = at;
        run = region.bytes - at;
        return true;
    }

    /// The `bytes` bytes at an address of the front end, which must lie in one region, aligned to `alignment`; null if they do not.
    MemorySegment ring(long userAddress, long bytes, int alignment) {
        for (int i = 0; i < count; i++) {
            Region region = regions[i];
            long at = userAddress - region.userAddress;
            if (Long.compareUnsigned(at, region.bytes) < 0 && bytes <= region.bytes - at) {
                MemorySegment ring = region.segment.asSlice(at, bytes);
                return ring.address() % alignment == 0 ? ring : null;
            }
        }
        return null;
    }

    private void forget() {
        latest = null;
        segment = null;
    }

    /// Unmaps everything.
    @Override
    public void close() {
        forget();
        while (count > 0) {
            regions[--count].shared.close();
            regions[count] = null;
        }
    }
}

package dev.jslirp.tap.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The control messages (`cmsghdr`) that the kernel puts behind each other, 8 bytes aligned, when it receives.
final class ControlMessages {
    /// `struct cmsghdr`.
    static final int HEADER_BYTES = (int) Structs.CMSGHDR.byteSize();

    private ControlMessages() {}

    /// Offset of the data of the first message of this kind from `start` on, or -1.
    ///
    /// @param end where the kernel stopped
    static long find(MemorySegment control, long start, long end, int level, int type) {
        for (long at = start; at + HEADER_BYTES <= end;) {
            long length = control.get(ValueLayout.JAVA_LONG, at);
            if (control.get(ValueLayout.JAVA_INT, at + 8) == level && control.get(ValueLayout.JAVA_INT, at + 12) == type) {
                return at + HEADER_BYTES;
            }
            at += Math.max(HEADER_BYTES, length + 7 & ~7L);
        }
        return -1;
    }
}

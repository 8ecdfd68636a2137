package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The Internet checksum (RFC 1071): the one's complement sum of 16-bit words.
///
/// Sums are taken eight bytes at a time: a 64-bit word is added as two 32-bit halves to a `long`, and
/// folded once at the end, which is the same sum (RFC 1071 §2(C), deferred carries). Long ranges are read through the buffer's
/// `java.nio` view, because every access through a `ByteBuf` checks bounds and liveness anew.
public final class Checksum {
    /// Fewer bytes are read one by one, which costs less than a view of them.
    private static final int VIEWED_BYTES_MIN = 128;
    private static final int STRIDE = 32;
    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final boolean LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private Checksum() {}

    /// The checksum to *write* for `length` bytes at `off` (whose checksum field is 0), or 0 when the
    /// bytes include a valid checksum; **borrows** `buf`.
    public static int of(ByteBuf buf, int off, int length) {
        return ~fold(sum(buf, off, length)) & 0xffff;
    }

    /// The unfolded sum of `length` bytes at `off`, as if they began at an even offset; an odd last
    /// byte counts as the high half of a word. **Borrows** `buf`, its `internalNioBuffer` included.
    public static long sum(ByteBuf buf, int off, int length) {
        ByteBuf root = rootOf(buf);
        // A slice makes a new view each time it is asked; the buffer it is cut from keeps one.
        boolean viewable = root == buf ? buf.nioBufferCount() == 1 : buf.hasMemoryAddress();
        if (length < VIEWED_BYTES_MIN || !viewable) {
            return sumByAccess(buf, off, length);
        }
        int shift = root == buf ? 0 : (int) (buf.memoryAddress() - root.memoryAddress());
        int words = length & -STRIDE;
        return sumWords(root.internalNioBuffer(off + shift, words), words) + sumByAccess(buf, off + words, length - words);
    }

    private static ByteBuf rootOf(ByteBuf buf) {
        ByteBuf root = buf;
        for (ByteBuf next = root.unwrap(); next != null; next = root.unwrap()) {
            root = next;
        }
        return root;
    }

    /// Sums `length` bytes, a multiple of [#STRIDE], at the view's position. In native byte order, as the sum of swapped words is the
    /// swapped sum (RFC 1071 §2(B)), and into four sums that do not wait for each other.
    private static long sumWords(ByteBuffer view, int length) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        int at = view.position();
        int end = at + length;
        for (; at < end; at += STRIDE) {
            long w0 = (long) LONGS.get(view, at);
            long w1 = (long) LONGS.get(view, at + 8);
            long w2 = (long) LONGS.get(view, at + 16);
            long w3 = (long) LONGS.get(view, at + 24);
            a += (w0 >>> 32) + (w0 & 0xffff_ffffL);
            b += (w1 >>> 32) + (w1 & 0xffff_ffffL);
            c += (w2 >>> 32) + (w2 & 0xffff_ffffL);
            d += (w3 >>> 32) + (w3 & 0xffff_ffffL);
        }
        long sum = a + b + c + d;
        return LITTLE_ENDIAN ? swap(fold(sum)) : sum;
    }

    /// Sums any number of bytes, in network order.
    private static long sumByAccess(ByteBuf buf, int off, int length) {
        long sum = 0;
        int at = off;
        int end = off + length;
        for (; at + 8 <= end; at += 8) {
            long word = buf.getLong(at);
            sum += (word >>> 32) + (word & 0xffff_ffffL);
        }
        if (at + 4 <= end) {
            sum += buf.getInt(at) & 0xffff_ffffL;
            at += 4;
        }
        if (at + 2 <= end) {
            sum += buf.getShort(at) & 0xffff;
            at += 2;
        }
        if (at < end) {
            sum += (buf.getByte(at) & 0xff) << 8;
        }
        return sum;
    }

    /// The unfolded sum of all parts of a gather list, with the byte swap that a part at an odd
    /// position needs (RFC 1071 §2(B)).
    public static long sum(Payload payload) {
        long sum = 0;
        int position = 0;
        for (int i = 0; i < payload.parts(); i++) {
            long part = sum(payload.buffer(i), payload.index(i), payload.length(i));
            sum += (position & 1) == 0 ? part : swap(fold(part));
            position += payload.length(i);
        }
        return sum;
    }

    /// The unfolded sum of the pseudo-header (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1).
    public static long pseudoHeader(long srcHi, long srcLo, long dstHi, long dstLo, int protocol, int length) {
        long sum = protocol + length;
        if (IpAddress.isV4(srcHi, srcLo)) {
            return sum + (srcLo & 0xffff_ffffL) + (dstLo & 0xffff_ffffL);
        }
        sum += (srcHi >>> 32) + (srcHi & 0xffff_ffffL) + (srcLo >>> 32) + (srcLo & 0xffff_ffffL);
        return sum + (dstHi >>> 32) + (dstHi & 0xffff_ffffL) + (dstLo >>> 32) + (dstLo & 0xffff_ffffL);
    }

    /// Whether the TCP or UDP checksum of the packet in `view` is right; **borrows** `frame`.
    static boolean transportIsValid(ByteBuf frame, PacketView view) {
        long sum = pseudoHeader(view.srcHi, view.srcLo, view.dstHi, view.dstLo, view.protocol, view.l4Length);
        return fold(sum + sum(frame, view.l4Offset, view.l4Length)) == 0xffff;
    }

    /// Folds a sum to 16 bits (not complemented).
    public static int fold(long sum) {
        long folded = (sum >>> 32) + (sum & 0xffff_ffffL);
        folded = (folded >>> 16) + (folded & 0xffff);
        folded = (folded >>> 16) + (folded & 0xffff);
        return (int) ((folded >>> 16) + (folded & 0xffff));
    }

    private static int swap(int folded) {
        return (folded & 0xff) << 8 | folded >>> 8;
    }
}

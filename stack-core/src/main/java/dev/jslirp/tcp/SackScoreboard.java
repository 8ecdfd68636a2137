package dev.jslirp.tcp;

import dev.jslirp.wire.SeqNum;
import java.util.Arrays;

/// What the guest has acknowledged selectively above `SND.UNA`, and the arithmetic of RFC 6675 on it.
///
/// Sorted disjoint ranges in two arrays, which grow up to [#MAX_RANGES]; blocks that would need more are forgotten. What is forgotten
/// counts as in flight and holds recovery back, so the limit is beyond what a burst of losses leaves of a window of 4 MiB.
final class SackScoreboard {
    static final int MAX_RANGES = 1_024;
    private static final int INITIAL_RANGES = 16;
    /// RFC 6675 §2.
    static final int DUP_THRESH = 3;

    private int[] left = new int[INITIAL_RANGES];
    private int[] right = new int[INITIAL_RANGES];
    private int count;
    private int sackedBytes;
    /// Unsacked bytes before this number are lost (`IsLost` of RFC 6675 §4); valid when `count > 0`.
    private int lostEdge;

    boolean isEmpty() {
        return count == 0;
    }

    int sackedBytes() {
        return sackedBytes;
    }

    /// Right edge of the highest range; only when not empty.
    int highestSacked() {
        return right[count - 1];
    }

    /// Everything not acknowledged before this number is lost; `sndUna` when nothing is.
    int lostEdge(int sndUna) {
        return count == 0 ? sndUna : SeqNum.max(sndUna, lostEdge);
    }

    void clear() {
        count = 0;
        sackedBytes = 0;
    }

    /// Adds one block, already known to lie within `SND.UNA` and `SND.MAX`.
    ///
    /// @return whether it told anything new
    boolean add(int from, int to, int sndUna, int mss) {
        int i = 0;
        while (i < count && SeqNum.lt(right[i], from)) {
            i++;
        }
        if (i < count && SeqNum.leq(left[i], from) && SeqNum.geq(right[i], to)) {
            return false;
        }
        int j = i;
        int newLeft = from;
        int newRight = to;
        while (j < count && SeqNum.leq(left[j], to)) {
            newLeft = SeqNum.min(newLeft, left[j]);
            newRight = SeqNum.max(newRight, right[j]);
            j++;
        }
        if (i == j && count == MAX_RANGES) {
            return false;
        }
        if (i == j && count == left.length) {
            left = Arrays.copyOf(left, 2 * count);
            right = Arrays.copyOf(right, 2 * count);
        }
        System.arraycopy(left, j, left, i + 1, count - j);
        System.arraycopy(right, j, right, i + 1, count - j);
        left[i] = newLeft;
        right[i] = newRight;
        count += 1 - (j - i);
        recompute(sndUna, mss);
        return true;
    }

    /// Forgets what `sndUna` covers.
    void acknowledged(int sndUna, int mss) {
        int gone = 0;
        while (gone < count && SeqNum.leq(right[gone], sndUna)) {
            gone++;
        }
        System.arraycopy(left, gone, left, 0, count - gone);
        System.arraycopy(right, gone, right, 0, count - gone);
        count -= gone;
        if (count > 0) {
            left[0] = SeqNum.max(left[0], sndUna);
        }
        recompute(sndUna, mss);
    }

    private void recompute(int sndUna, int mss) {
        sackedBytes = 0;
        lostEdge = sndUna;
        for (int i = count - 1; i >= 0; i--) {
            sackedBytes += right[i] - left[i];
            if (lostEdge == sndUna && (count - i >= DUP_THRESH || sackedBytes > (DUP_THRESH - 1) * mss)) {
                lostEdge = left[i];
            }
        }
    }

    /// First unsacked number at or after `from`.
    int skipSacked(int from) {
        for (int i = 0; i < count && SeqNum.leq(left[i], from); i++) {
            if (SeqNum.lt(from, right[i])) {
                return right[i];
            }
        }
        return from;
    }

    /// Where the unsacked run that holds `from` ends, at most `limit`.
    int holeEnd(int from, int limit) {
        for (int i = 0; i < count; i++) {
            if (SeqNum.gt(left[i], from)) {
                return SeqNum.min(left[i], limit);
            }
        }
        return limit;
    }

    /// Bytes sacked in `[from, to)`.
    int sackedBetween(int from, int to) {
        int bytes = 0;
        for (int i = 0; i < count; i++) {
            bytes += Math.max(0, SeqNum.min(right[i], to) - SeqNum.max(left[i], from));
        }
        return bytes;
    }

    /// `SetPipe` of RFC 6675 §4: unsacked and not lost, plus retransmitted up to `highRxt`.
    int pipe(int sndUna, int sndNxt, int highRxt) {
        int edge = SeqNum.min(lostEdge(sndUna), sndNxt);
        int inFlight = sndNxt - edge - sackedBetween(edge, sndNxt);
        int resentTo = SeqNum.min(highRxt, sndNxt);
        int resent = SeqNum.gt(resentTo, sndUna) ? resentTo - sndUna - sackedBetween(sndUna, resentTo) : 0;
        return inFlight + resent;
    }
}

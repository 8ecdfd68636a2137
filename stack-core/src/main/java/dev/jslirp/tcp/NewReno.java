package dev.jslirp.tcp;

/// RFC 5681 with appropriate byte counting (RFC 3465, L = 2).
final class NewReno implements CongestionControl {
    /// Keeps every sum of windows below 2³¹.
    static final int CWND_MAX = 1 << 30;

    private final int mss;
    private int cwnd;
    private int ssthresh = CWND_MAX;
    private int ackedBytes;

    NewReno(int mss) {
        this.mss = mss;
        cwnd = CongestionControl.initialWindow(mss);
    }

    @Override
    public int cwnd() {
        return cwnd;
    }

    @Override
    public void onAcked(int bytes, long srttNs, long nowNs) {
        if (cwnd < ssthresh) {
            // One ACK of a batch stands for many segments, so L bounds by bytes acknowledged, not by 2 * SMSS.
            cwnd = Math.min(CWND_MAX, cwnd + Math.min(bytes, cwnd));
            return;
        }
        ackedBytes += Math.min(bytes, cwnd);
        if (ackedBytes >= cwnd) {
            ackedBytes -= cwnd;
            cwnd = Math.min(CWND_MAX, cwnd + mss);
        }
    }

    @Override
    public void onLoss(int flightBytes, long nowNs) {
        ssthresh = Math.max(flightBytes / 2, 2 * mss);
        cwnd = ssthresh;
        ackedBytes = 0;
    }

    @Override
    public void onSynLost() {
        cwnd = mss;
    }

    @Override
    public void onIdle() {
        cwnd = Math.min(cwnd, CongestionControl.initialWindow(mss));
        ackedBytes = 0;
    }

    @Override
    public void onTimeout(int flightBytes, boolean first, long nowNs) {
        if (first) {
            ssthresh = Math.max(flightBytes / 2, 2 * mss);
        }
        cwnd = mss;
        ackedBytes = 0;
    }
}

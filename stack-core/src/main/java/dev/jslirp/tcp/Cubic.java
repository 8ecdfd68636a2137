package dev.jslirp.tcp;

/// RFC 9438. Windows in bytes; the cubic function works on segments and seconds.
final class Cubic implements CongestionControl {
    private static final double C = 0.4;
    private static final double BETA = 0.7;
    /// RFC 9438 §4.3: growth of the Reno-friendly estimate until it passes the window before the loss.
    private static final double ALPHA = 3 * (1 - BETA) / (1 + BETA);
    private static final double SECOND_NS = 1e9;

    private final int mss;
    private int cwnd;
    private int ssthresh = NewReno.CWND_MAX;
    private boolean inEpoch;
    private long epochStartNs;
    private double wMax;
    private double kSeconds;
    private double wEst;
    private double wPrior;

    Cubic(int mss) {
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
            cwnd = Math.min(NewReno.CWND_MAX, cwnd + Math.min(bytes, cwnd));
            return;
        }
        if (!inEpoch) {
            beginEpoch(nowNs);
        }
        double window = (double) cwnd / mss;
        double acked = (double) bytes / mss;
        wEst += (wEst >= wPrior ? 1 : ALPHA) * acked / window;
        double t = (nowNs - epochStartNs + srttNs) / SECOND_NS - kSeconds;
        double target = Math.clamp(C * t * t * t + wMax, window, 1.5 * window);
        double next = Math.max(wEst, window + (target - window) * Math.min(1, acked / window));
        cwnd = (int) Math.min(NewReno.CWND_MAX, Math.max(cwnd, next * mss));
    }

    private void beginEpoch(long nowNs) {
        inEpoch = true;
        epochStartNs = nowNs;
        double window = (double) cwnd / mss;
        wMax = Math.max(wMax, window);
        kSeconds = Math.cbrt((wMax - window) / C);
        wEst = window;
    }

    @Override
    public void onLoss(int flightBytes, long nowNs) {
        reduce(flightBytes);
        cwnd = ssthresh;
    }

    @Override
    public void onSynLost() {
        cwnd = mss;
    }

    @Override
    public void onIdle() {
        cwnd = Math.min(cwnd, CongestionControl.initialWindow(mss));
        // RFC 9438 §5.8: the pause is no time the window grew in.
        inEpoch = false;
    }

    @Override
    public void onTimeout(int flightBytes, boolean first, long nowNs) {
        if (first) {
            reduce(flightBytes);
        }
        cwnd = mss;
        inEpoch = false;
    }

    private void reduce(int flightBytes) {
        double window = (double) cwnd / mss;
        wPrior = window;
        // RFC 9438 §4.7, fast convergence.
        wMax = window < wMax ? window * (1 + BETA) / 2 : window;
        ssthresh = Math.max((int) (Math.min(flightBytes, cwnd) * BETA), 2 * mss);
        inEpoch = false;
    }
}

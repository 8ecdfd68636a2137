package dev.jslirp.tcp;

/// How much may be in flight. One instance per connection; bytes and nanoseconds.
interface CongestionControl {
    /// The algorithm of the configuration.
    static CongestionControl of(TcpConfig.CongestionAlgorithm algorithm, int mss) {
        return switch (algorithm) {
            case NEW_RENO -> new NewReno(mss);
            case CUBIC -> new Cubic(mss);
        };
    }

    /// RFC 6928 §2.
    static int initialWindow(int mss) {
        return Math.min(10 * mss, Math.max(2 * mss, 14_600));
    }

    /// The congestion window, at least one segment.
    int cwnd();

    /// New data was acknowledged outside recovery while the window was the limit.
    void onAcked(int bytes, long srttNs, long nowNs);

    /// Fast recovery begins (RFC 5681 §3.2 step 2) with `flightBytes` outstanding.
    void onLoss(int flightBytes, long nowNs);

    /// Our SYN had to be sent again: the window begins with one segment (RFC 5681 §3.1).
    void onSynLost();

    /// Nothing was sent for longer than the time-out: back to the initial window (RFC 5681 §4.1).
    void onIdle();

    /// The retransmission timer expired; `first` unless it is a repetition for the same data (RFC 5681 §3.1).
    void onTimeout(int flightBytes, boolean first, long nowNs);
}

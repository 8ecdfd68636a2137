package dev.jslirp.tcp;

/// The states a connection object can be in: nine of the eleven of RFC 9293 §3.3.2, and a marker. There is no LISTEN
/// (the NAT opens a connection per SYN), and [#CLOSED] is not waited in: it marks a connection that is finished
/// and about to be dropped.
public enum TcpState {
    /// SYN sent (or about to be), nothing heard.
    SYN_SENT,
    /// The guest's SYN is known; ours is withheld, or sent and not acknowledged.
    SYN_RECEIVED,
    /// Both directions open.
    ESTABLISHED,
    /// Our FIN is sent, not acknowledged; the guest may still send.
    FIN_WAIT_1,
    /// Our FIN is acknowledged; the guest may still send.
    FIN_WAIT_2,
    /// The guest's FIN was reached; we may still send.
    CLOSE_WAIT,
    /// Both FINs sent at the same time; ours is not acknowledged.
    CLOSING,
    /// The guest's FIN came first, ours is sent and not acknowledged.
    LAST_ACK,
    /// All done; kept to answer a retransmitted FIN.
    TIME_WAIT,
    /// Finished.
    CLOSED;

    /// At or beyond ESTABLISHED: both ends have seen each other's SYN.
    public boolean isSynchronized() {
        return switch (this) {
            case SYN_SENT, SYN_RECEIVED, CLOSED -> false;
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT -> true;
        };
    }

    /// Whether the guest's FIN has not been reached, so that its bytes still count.
    boolean receives() {
        return switch (this) {
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2 -> true;
            case SYN_SENT, SYN_RECEIVED, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED -> false;
        };
    }

    /// Whether bytes or FIN of ours may need to be sent or sent again.
    boolean sends() {
        return switch (this) {
            case ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK -> true;
            case SYN_SENT, SYN_RECEIVED, FIN_WAIT_2, TIME_WAIT, CLOSED -> false;
        };
    }
}

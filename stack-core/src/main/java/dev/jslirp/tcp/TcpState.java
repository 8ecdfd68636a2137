package dev.jslirp.tcp;

/// The nine states a connection object can be in (RFC 9293 §3.3.2). There is no LISTEN (the NAT opens a
/// connection per SYN) and no CLOSED object: [#CLOSED] marks one that is finished and about to be dropped.
public enum TcpState {
    SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, CLOSED;

    /// At or beyond ESTABLISHED: both ends have seen each other's SYN.
    public boolean isSynchronized() {
        return switch (this) {
            case SYN_SENT, SYN_RECEIVED, CLOSED -> false;
            case ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT -> true;
        };
    }
}

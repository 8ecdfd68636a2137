package dev.jslirp.tap.vhost;

/// What a front end asks for: the numbers of the vhost-user messages that are known here.
final class Request {
    static final int GET_FEATURES = 1;
    static final int SET_FEATURES = 2;
    static final int SET_OWNER = 3;
    static final int RESET_OWNER = 4;
    static final int SET_MEM_TABLE = 5;
    static final int SET_VRING_NUM = 8;
    static final int SET_VRING_ADDR = 9;
    static final int SET_VRING_BASE = 10;
    static final int GET_VRING_BASE = 11;
    static final int SET_VRING_KICK = 12;
    static final int SET_VRING_CALL = 13;
    static final int SET_VRING_ERR = 14;
    static final int GET_PROTOCOL_FEATURES = 15;
    static final int SET_PROTOCOL_FEATURES = 16;
    static final int GET_QUEUE_NUM = 17;
    static final int SET_VRING_ENABLE = 18;
    static final int NET_SET_MTU = 20;
    static final int GET_MAX_MEM_SLOTS = 36;
    static final int ADD_MEM_REG = 37;
    static final int REM_MEM_REG = 38;

    private static final int NUMBER_BYTES = 8;
    private static final int RING_STATE_BYTES = 8;
    private static final int RING_ADDRESS_BYTES = 40;
    private static final int SLOT_BYTES = 40;

    private Request() {}

    /// Bytes the payload of a request must have, or -1 if that depends or the request is not known.
    static int payloadBytes(int request) {
        return switch (request) {
            case GET_FEATURES, SET_OWNER, RESET_OWNER, GET_PROTOCOL_FEATURES, GET_QUEUE_NUM, GET_MAX_MEM_SLOTS -> 0;
            case SET_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR, NET_SET_MTU -> NUMBER_BYTES;
            case SET_VRING_NUM, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_ENABLE -> RING_STATE_BYTES;
            case SET_VRING_ADDR -> RING_ADDRESS_BYTES;
            case ADD_MEM_REG, REM_MEM_REG -> SLOT_BYTES;
            default -> -1;
        };
    }
}

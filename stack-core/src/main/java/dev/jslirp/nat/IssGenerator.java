package dev.jslirp.nat;

import java.util.random.RandomGenerator;

/// Initial sequence numbers (RFC 6528 §3): `M + F(connection, secret)`, with M a clock of 4 µs and F
/// SipHash-2-4, a pseudo-random function. Successive connections of one endpoint pair climb, so old
/// duplicates are told apart; other pairs cannot be guessed from them.
final class IssGenerator {
    private final long key0;
    private final long key1;

    private long v0;
    private long v1;
    private long v2;
    private long v3;

    IssGenerator(RandomGenerator random) {
        key0 = random.nextLong();
        key1 = random.nextLong();
    }

    int next(long guestHi, long guestLo, long farHi, long farLo, int ports, long nowNs) {
        v0 = key0 ^ 0x736f6d6570736575L;
        v1 = key1 ^ 0x646f72616e646f6dL;
        v2 = key0 ^ 0x6c7967656e657261L;
        v3 = key1 ^ 0x7465646279746573L;
        word(guestHi);
        word(guestLo);
        word(farHi);
        word(farLo);
        // The last word of SipHash holds the remaining bytes and the length: 36 bytes in all.
        word(36L << 56 | ports & 0xffff_ffffL);
        v2 ^= 0xff;
        round();
        round();
        round();
        round();
        return (int) (nowNs / 4_000) + (int) (v0 ^ v1 ^ v2 ^ v3);
    }

    private void word(long word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }

    private void round() {
        v0 += v1;
        v2 += v3;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 = Long.rotateLeft(v2, 32);
    }
}

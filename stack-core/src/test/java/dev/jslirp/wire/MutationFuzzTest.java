package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.testkit.SlowChecksum;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Whatever the bytes are, no parser throws, reads outside the frame, or says that something lies where it does not.
///
/// Real frames are changed at random, each case from a seed of its own. `-Dfuzz.seconds=N` runs longer (2 s otherwise),
/// `-Dfuzz.seed=N` begins elsewhere: the seed a failure names makes that failure the first case.
class MutationFuzzTest {
    private static final long SECONDS = Long.getLong("fuzz.seconds", 2);
    private static final long SEED = Long.getLong("fuzz.seed", 1);
    private static final int[] TELLING_BYTES = {0, 1, 2, 0x7f, 0x80, 0xff};
    /// Where the payload of a UDP datagram begins.
    private static final int UDP_PAYLOAD = 42;

    private final List<byte[]> corpus = Stream.concat(Corpus.names().stream().map(Corpus::bytes),
            FieldsFrame.all().stream().map(FieldsFrame::bytes)).toList();
    private final FrameText text = new FrameText();

    @Test
    void parsersTakeAnything() {
        long endNs = System.nanoTime() + SECONDS * 1_000_000_000L;
        long seed = SEED;
        do {
            for (int i = 0; i < 1000; i++) {
                Random random = new Random(seed);
                byte[] bytes = mutant(random);
                try {
                    frame(bytes, offload(random), random);
                    services(bytes);
                    text.describe(Unpooled.wrappedBuffer(bytes), offload(random));
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError("-Dfuzz.seed=" + seed + ", bytes " + HexFormat.of().formatHex(bytes), e);
                }
                seed++;
            }
        } while (System.nanoTime() - endNs < 0);
    }

    private static long offload(Random random) {
        return random.nextBoolean() ? Offload.NONE
                : Offload.pack(random.nextInt(4), random.nextInt(8), random.nextInt(65_536), 54, 34, 16);
    }

    // ---- mutations

    private byte[] mutant(Random random) {
        byte[] bytes = any(random);
        for (int changes = random.nextInt(6); changes > 0 && bytes.length > 0; changes--) {
            int at = random.nextInt(Math.min(bytes.length, random.nextBoolean() ? 80 : 1600));
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) TELLING_BYTES[random.nextInt(TELLING_BYTES.length)];
                case 2 -> bytes[at] = (byte) random.nextInt();
                case 3 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 9));
                default -> {
                    byte[] other = any(random);
                    int count = Math.min(random.nextInt(40), Math.min(bytes.length - at, Math.max(0, other.length - at)));
                    System.arraycopy(other, Math.min(at, other.length), bytes, at, count);
                }
            }
        }
        if (random.nextInt(4) != 0) {
            repairIpChecksum(bytes);
        }
        return bytes;
    }

    private byte[] any(Random random) {
        return corpus.get(random.nextInt(corpus.size())).clone();
    }

    /// Lets most changed headers through to what follows.
    private static void repairIpChecksum(byte[] bytes) {
        if (bytes.length < 34) {
            return;
        }
        int length = (bytes[14] & 0xf) * 4;
        if (length < 20 || bytes.length < 14 + length) {
            return;
        }
        bytes[24] = 0;
        bytes[25] = 0;
        int checksum = SlowChecksum.of(Arrays.copyOfRange(bytes, 14, 14 + length));
        bytes[24] = (byte) (checksum >> 8);
        bytes[25] = (byte) checksum;
    }

    // ---- checks

    private static void frame(byte[] bytes, long offload, Random random) {
        // A buffer without a byte to spare: reading outside throws.
        PacketView exact = new PacketView();
        DropReason reason = Decoding.decode(Unpooled.wrappedBuffer(bytes), 0, bytes.length, offload, exact);
        if (reason == DropReason.NONE && exact.etherType == EthernetHeader.TYPE_IPV4) {
            checkRanges(exact, bytes.length);
        }
        // The same bytes amid others: reading outside changes the answer.
        byte[] before = new byte[random.nextInt(20)];
        byte[] behind = new byte[80];
        random.nextBytes(before);
        random.nextBytes(behind);
        PacketView amid = new PacketView();
        // Stays what it is where no transport header is decoded.
        amid.payloadOffset = before.length;
        ByteBuf whole = Unpooled.wrappedBuffer(Unpooled.copiedBuffer(before, bytes, behind).array());
        assertEquals(reason, Decoding.decode(whole, before.length, bytes.length, offload, amid));
        if (reason == DropReason.NONE && amid.etherType == EthernetHeader.TYPE_IPV4) {
            assertEquals(Decoding.fields(exact, 0), Decoding.fields(amid, before.length));
        }
    }

    private static void checkRanges(PacketView view, int length) {
        assertEquals(EthernetHeader.LENGTH, view.l3Offset);
        assertTrue(view.l3HeaderLength >= 20 && view.l3HeaderLength <= view.l3Length, "header");
        assertTrue(view.l3Offset + view.l3Length <= length, "packet");
        assertEquals(view.l3Offset + view.l3HeaderLength, view.l4Offset);
        int l3End = view.l3Offset + view.l3Length;
        assertTrue(view.l4Length >= 0 && view.l4Offset + view.l4Length <= l3End, "transport");
        if (view.isFragment()) {
            return;
        }
        int headerMin = switch (view.protocol) {
            case Ipv4Header.TCP -> TcpHeader.MIN_LENGTH;
            case Ipv4Header.UDP, Ipv4Header.ICMP -> UdpHeader.LENGTH;
            default -> -1;
        };
        if (headerMin > 0) {
            assertTrue(view.payloadOffset >= view.l4Offset + headerMin && view.payloadLength >= 0, "payload");
            assertEquals(view.l4Offset + view.l4Length, view.payloadOffset + view.payloadLength);
            assertTrue(view.options.sackBlocks >= 0 && view.options.sackBlocks <= 4, "SACK blocks");
        }
    }

    /// What services read in datagrams.
    private static void services(byte[] bytes) {
        int off = Math.min(UDP_PAYLOAD, bytes.length);
        int length = bytes.length - off;
        ByteBuf frame = Unpooled.wrappedBuffer(bytes);
        DhcpMessage dhcp = DhcpMessage.parse(frame, off, length);
        if (dhcp != null) {
            ByteBuf copy = Unpooled.buffer();
            dhcp.write(copy, 1400);
            assertTrue(copy.readableBytes() >= 300 && copy.readableBytes() <= 1400, "DHCP message of " + copy.readableBytes());
        }
        DnsMessage dns = DnsMessage.parse(frame, off, length);
        assertEquals(length < DnsMessage.HEADER_LENGTH, dns == null);
        if (dns != null) {
            assertTrue(dns.questionEnd() <= length, "question");
            ByteBuf answer = Unpooled.buffer();
            dns.writeEmpty(answer, frame, off, DnsMessage.SERVFAIL, 0);
            assertTrue(answer.readableBytes() >= DnsMessage.HEADER_LENGTH);
        }
    }
}

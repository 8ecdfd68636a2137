package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Damaged real frames and random bytes: no parser throws, none reads outside of its frame, and every range it
/// gives lies inside.
///
/// Buffers end where their frame ends, and are surrounded by nothing else, so a read outside throws. Runs 2 s, or
/// `-Dfuzz.seconds=N`; a failure names its seed and bytes, `-Dfuzz.seed=N` begins with it.
class ParserFuzzTest {
    private static final long SECONDS = Long.getLong("fuzz.seconds", 2);
    private static final int FRAMES_PER_SEED = 200;

    private final PacketView view = new PacketView();

    @Test
    void noParserThrowsOrReadsOutside() {
        long end = System.nanoTime() + SECONDS * 1_000_000_000;
        long seed = Long.getLong("fuzz.seed", 1);
        do {
            Random random = new Random(seed);
            for (int i = 0; i < FRAMES_PER_SEED; i++) {
                byte[] bytes = frame(random);
                try {
                    parse(bytes, random);
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError("-Dfuzz.seed=" + seed + ", frame " + HexFormat.of().formatHex(bytes), e);
                }
            }
            seed++;
        } while (System.nanoTime() < end);
    }

    private static byte[] frame(Random random) {
        List<Corpus.Frame> corpus = Corpus.all();
        byte[] bytes = corpus.get(random.nextInt(corpus.size())).bytes().clone();
        if (random.nextInt(4) == 0) {
            bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
        }
        // Headers more often than payload: that is where lengths are.
        int reach = random.nextBoolean() ? Math.min(bytes.length, 80) : bytes.length;
        for (int i = random.nextInt(6); i > 0 && reach > 0; i--) {
            int at = random.nextInt(reach);
            bytes[at] = switch (random.nextInt(4)) {
                case 0 -> 0;
                case 1 -> (byte) 0xff;
                case 2 -> (byte) (bytes[at] + random.nextInt(5) - 2);
                default -> (byte) random.nextInt();
            };
        }
        return bytes;
    }

    private void parse(byte[] bytes, Random random) {
        int off = random.nextInt(4);
        byte[] all = new byte[off + bytes.length];
        System.arraycopy(bytes, 0, all, off, bytes.length);
        ByteBuf frame = Unpooled.wrappedBuffer(all);
        repairHeaderSum(frame, off, bytes.length);
        view.offload = Offload.pack(random.nextInt(4), random.nextInt(6), random.nextInt(1_500), 0, 0, 0);
        if (Parsers.decode(frame, off, bytes.length, view) == DropReason.NONE && view.etherType == EthernetHeader.TYPE_IPV4) {
            assertInside(view.l4Offset, view.l4Length, off, bytes.length);
            if (!view.isFragment()) {
                assertInside(view.payloadOffset, view.payloadLength, view.l4Offset, view.l4Length);
                messages(frame, view.payloadOffset, view.payloadLength);
            }
        }
        FrameText.of(frame, off, bytes.length, view.offload);
        messages(frame, off, bytes.length);
        new TcpOptions().decode(frame, off, Math.min(40, bytes.length));
        Ipv4Header.decode(frame, off, bytes.length, view);
    }

    /// Control-plane messages, wherever they might be.
    private static void messages(ByteBuf frame, int off, int length) {
        DhcpMessage dhcp = DhcpMessage.parse(frame, off, length);
        if (dhcp != null) {
            ByteBuf written = Unpooled.buffer();
            dhcp.write(written, 1_400);
            assertTrue(DhcpMessage.parse(written, 0, written.writerIndex()) != null, "what was written is not read");
        }
        DnsMessage dns = DnsMessage.parse(frame, off, length);
        if (dns != null) {
            assertTrue(dns.questionEnd() <= length, "question ends outside");
            dns.writeEmpty(Unpooled.buffer(), frame, off, DnsMessage.SERVFAIL, 0);
        }
    }

    /// Else nearly every damage would end at the header's checksum.
    private static void repairHeaderSum(ByteBuf frame, int off, int length) {
        int ip = off + EthernetHeader.LENGTH;
        if (length < EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH || frame.getUnsignedShort(ip - 2) != EthernetHeader.TYPE_IPV4) {
            return;
        }
        int headerLength = (frame.getByte(ip) & 0xf) * 4;
        if (headerLength >= Ipv4Header.MIN_LENGTH && EthernetHeader.LENGTH + headerLength <= length) {
            frame.setShort(ip + Ipv4Header.CHECKSUM, 0);
            frame.setShort(ip + Ipv4Header.CHECKSUM, Checksum.of(frame, ip, headerLength));
        }
    }

    private static void assertInside(int off, int length, int outerOff, int outerLength) {
        assertTrue(length >= 0 && off >= outerOff && off + length <= outerOff + outerLength,
                () -> off + "+" + length + " is not inside " + outerOff + "+" + outerLength);
    }
}

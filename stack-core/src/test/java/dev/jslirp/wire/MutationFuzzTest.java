package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.fail;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Mutated real frames through every parser: none may throw, and since each buffer has exactly the frame's size, none may
/// read beyond it. Runs for `-Dfuzz.seconds` (2) from seed `-Dfuzz.seed` (1).
class MutationFuzzTest {
    private static final int HEADERS = EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH;

    private final SplittableRandom random = new SplittableRandom(Long.getLong("fuzz.seed", 1));
    private final List<byte[]> corpus = Corpus.names().stream().map(Corpus::bytes).toList();
    private final FrameText text = new FrameText();
    private final PacketView view = new PacketView();

    @Test
    void noParserThrowsOrReadsBeyondTheFrame() {
        long end = System.nanoTime() + Integer.getInteger("fuzz.seconds", 2) * 1_000_000_000L;
        long frames = 0;
        while (System.nanoTime() - end < 0) {
            byte[] bytes = mutated(corpus.get(random.nextInt(corpus.size())));
            try {
                parse(bytes);
            } catch (RuntimeException | Error e) {
                fail("frame " + frames + ": " + HexFormat.of().formatHex(bytes), e);
            }
            frames++;
        }
        System.out.println("fuzzed " + frames + " frames");
    }

    private byte[] mutated(byte[] original) {
        byte[] bytes = original.clone();
        for (int i = random.nextInt(5); i >= 0 && bytes.length > 0; i--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] = (byte) (random.nextBoolean() ? 0 : 0xff);
                case 3 -> bytes = Arrays.copyOf(bytes, at);
                case 4 -> bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(64));
                default -> bytes[Math.min(at, random.nextInt(64) % bytes.length)] = (byte) random.nextInt();
            }
        }
        return bytes;
    }

    /// As frames come, with checksums enforced, and trusted, so that mutations reach behind them.
    private void parse(byte[] bytes) {
        ByteBuf frame = Unpooled.wrappedBuffer(bytes);
        text.describe(frame, Offload.NONE);
        text.describe(frame, Offload.pack(Offload.DATA_VALID, Offload.GSO_NONE, 0, 0, 0, 0));
        text.describe(frame, Offload.pack(Offload.NEEDS_CSUM, Offload.GSO_UDP_L4, 1_400, 42, 34, 6));
        transportWithoutChecksum(frame, bytes.length);
        int from = Math.min(bytes.length, HEADERS + UdpHeader.LENGTH);
        DhcpMessage.parse(frame, from, bytes.length - from);
        DnsMessage query = DnsMessage.parse(frame, from, bytes.length - from);
        if (query != null) {
            query.writeEmpty(Unpooled.buffer(), frame, from, DnsMessage.SERVFAIL, 0);
        }
    }

    /// The IPv4 checksum is mended first, so that the transport parsers see mutated headers at all.
    private void transportWithoutChecksum(ByteBuf frame, int length) {
        if (length < HEADERS) {
            return;
        }
        int headerLength = Math.min((frame.getByte(EthernetHeader.LENGTH) & 0xf) * 4, length - EthernetHeader.LENGTH);
        frame.setShort(EthernetHeader.LENGTH + Ipv4Header.CHECKSUM, 0);
        frame.setShort(EthernetHeader.LENGTH + Ipv4Header.CHECKSUM, Checksum.of(frame, EthernetHeader.LENGTH, headerLength));
        view.offload = Offload.pack(Offload.DATA_VALID, Offload.GSO_NONE, 0, 0, 0, 0);
        if (Ipv4Header.decode(frame, EthernetHeader.LENGTH, length - EthernetHeader.LENGTH, view) != DropReason.NONE) {
            return;
        }
        if (TcpHeader.decode(frame, view) == DropReason.NONE) {
            touchPayload(frame);
            FrameText.segment(view);
        }
        if (UdpHeader.decode(frame, view) == DropReason.NONE) {
            touchPayload(frame);
        }
        if (IcmpHeader.decode(frame, view) == DropReason.NONE) {
            touchPayload(frame);
        }
    }

    /// What a decoder guarantees: the payload lies inside the buffer.
    private void touchPayload(ByteBuf frame) {
        if (view.payloadLength > 0) {
            frame.getByte(view.payloadOffset);
            frame.getByte(view.payloadOffset + view.payloadLength - 1);
        }
    }
}

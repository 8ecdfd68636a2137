package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// Real frames: files `corpus/NAME.hex`, whose first line is the frame's text behind `# `, and the others its bytes.
///
/// They were captured with tcpdump between two network namespaces of a Linux 6 kernel without offloads (the SACK
/// with `--pcap` at a lossy TAP); the VLAN tag was put into a captured ARP request.
final class Corpus {
    /// One frame.
    record Frame(String name, String text, byte[] bytes) {
        /// The frame behind `headroom` other bytes, in a buffer that ends where it ends.
        ByteBuf exact(int headroom) {
            byte[] all = new byte[headroom + bytes.length];
            System.arraycopy(bytes, 0, all, headroom, bytes.length);
            return Unpooled.wrappedBuffer(all);
        }
    }

    private static final List<Frame> FRAMES = read();

    private Corpus() {}

    /// All of them, by name.
    static List<Frame> all() {
        return FRAMES;
    }

    static Frame frame(String name) {
        return FRAMES.stream().filter(frame -> frame.name.equals(name)).findFirst().orElseThrow();
    }

    private static List<Frame> read() {
        try (Stream<Path> files = Files.list(Path.of(Corpus.class.getResource("/corpus").toURI()))) {
            return files.sorted().map(Corpus::read).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Frame read(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            byte[] bytes = HexFormat.of().parseHex(String.join("", lines.subList(1, lines.size())));
            return new Frame(file.getFileName().toString().replace(".hex", ""), lines.getFirst().substring(2), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

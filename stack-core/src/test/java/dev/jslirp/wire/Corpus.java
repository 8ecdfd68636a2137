package dev.jslirp.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/// Real frames: what a Linux guest and this stack said to each other, as hexadecimal text.
public final class Corpus {
    private static final Path DIRECTORY = Path.of("src/test/resources/corpus");

    private Corpus() {}

    /// Names of all frames.
    public static List<String> names() {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            return files.map(file -> file.getFileName().toString().replace(".hex", "")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The bytes of one.
    public static byte[] bytes(String name) {
        try {
            return HexFormat.of().parseHex(Files.readString(DIRECTORY.resolve(name + ".hex")).replace("\n", ""));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// One in a buffer of exactly its size, so that reading beyond it throws.
    public static ByteBuf frame(String name) {
        return Unpooled.wrappedBuffer(bytes(name));
    }
}

package dev.jslirp.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/// A frame of the test resources `fields/*.hex`: comments (`#`), what each field is (`NAME VALUE`), an empty line, and the
/// frame in hexadecimal. The values were taken from the bytes by other programs than this one.
record FieldsFrame(String name, Map<String, String> expected, byte[] bytes) {
    /// All of them, by name.
    static List<FieldsFrame> all() {
        try (Stream<Path> files = Files.list(Path.of(Objects.requireNonNull(FieldsFrame.class.getResource("/fields")).toURI()))) {
            return files.filter(file -> file.toString().endsWith(".hex")).sorted().map(FieldsFrame::read).toList();
        } catch (IOException | URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static FieldsFrame read(Path file) {
        try {
            Map<String, String> expected = new LinkedHashMap<>();
            StringBuilder hex = new StringBuilder();
            boolean frame = false;
            for (String line : Files.readAllLines(file)) {
                frame |= line.isEmpty();
                if (frame) {
                    hex.append(line.strip());
                } else if (!line.startsWith("#")) {
                    int space = line.indexOf(' ');
                    expected.put(line.substring(0, space), line.substring(space + 1));
                }
            }
            return new FieldsFrame(file.getFileName().toString().replace(".hex", ""), expected, HexFormat.of().parseHex(hex));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

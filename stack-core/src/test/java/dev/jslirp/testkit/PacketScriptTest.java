package dev.jslirp.testkit;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every script under `packetscripts`, one test each.
class PacketScriptTest {
    @TestFactory
    Stream<DynamicTest> scripts() throws IOException, URISyntaxException {
        Path root = Path.of(PacketScriptTest.class.getResource("/packetscripts").toURI());
        try (Stream<Path> files = Files.walk(root)) {
            List<Path> scripts = files.filter(file -> file.toString().endsWith(".pkt")).sorted().toList();
            if (scripts.isEmpty()) {
                throw new AssertionError("no scripts under " + root);
            }
            return scripts.stream().map(file -> DynamicTest.dynamicTest(root.relativize(file).toString(), file.toUri(),
                    () -> PacketScript.run(file)));
        }
    }
}

package dev.jslirp.tcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The list of requirements in the package's documentation is complete, and the tests it names exist.
class TcpRequirementsTest {
    private static final Path LIST = Path.of("src/main/java/dev/jslirp/tcp/doc-files/rfc9293.md");
    private static final Pattern ROW = Pattern.compile("\\| ((?:MUST|SHLD)-\\d+) \\| [^|]+ \\| ([^|]+) \\|");
    private static final Pattern TEST = Pattern.compile("`((?:[a-z]+\\.)?)([A-Z]\\w+)#(\\w+)`");
    /// RFC 9293 appendix B.
    private static final int MUSTS = 69, SHOULDS = 31;

    @Test
    void everyRequirementIsListedOnceWithATestOrAReason() throws IOException {
        List<String> ids = new ArrayList<>();
        for (String line : Files.readAllLines(LIST)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                ids.add(row.group(1));
                String shown = row.group(2);
                assertTrue(TEST.matcher(shown).find() || shown.startsWith("DEVIATION: ") || shown.startsWith("n/a: "), line);
            }
        }
        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= MUSTS; i++) {
            expected.add("MUST-" + i);
        }
        for (int i = 1; i <= SHOULDS; i++) {
            expected.add("SHLD-" + i);
        }
        assertEquals(expected, ids);
    }

    @Test
    void everyTestNamedExists() throws IOException, ClassNotFoundException {
        Matcher named = TEST.matcher(Files.readString(LIST));
        int found = 0;
        while (named.find()) {
            String parent = named.group(1).isEmpty() ? "tcp." : named.group(1);
            Class<?> test = Class.forName("dev.jslirp." + parent + named.group(2));
            String method = named.group(3);
            assertTrue(Stream.of(test.getDeclaredMethods()).anyMatch(m -> m.getName().equals(method)), named::group);
            found++;
        }
        assertTrue(found > 50, found + " tests named");
    }
}

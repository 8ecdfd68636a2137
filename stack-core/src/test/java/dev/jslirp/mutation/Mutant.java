package dev.jslirp.mutation;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// A directory of classes that hide the stack's own, and a JVM that runs suites with them.
final class Mutant {
    static final Path DIRECTORY = Path.of("target", "mutation");
    private static final Path SOURCES = Path.of("src/main/java/dev/jslirp");
    private static final String CLASS_PATH = System.getProperty("java.class.path");
    /// Far more than all suites together take on a busy machine: what runs longer does not end.
    private static final long SECONDS_MAX = 300;
    /// The provider keeps the thousands of lines of hostile tests out of the output.
    private static final List<String> JVM_OPTIONS = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-ea",
            "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Djazzer.hooks=false",
            "-Dslf4j.provider=dev.jslirp.simulation.TestLogging");

    private final Path classes;
    private final Path output;

    /// Its directory below `target/mutation` is emptied.
    Mutant(String name) throws IOException {
        Path directory = DIRECTORY.resolve(name);
        if (Files.exists(directory)) {
            try (Stream<Path> old = Files.walk(directory)) {
                for (Path path : old.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
        classes = directory.resolve("classes");
        output = directory.resolve("output.txt");
        Files.createDirectories(classes);
    }

    /// Compiles the mutated source.
    ///
    /// @throws AssertionError if the mutation has become stale
    void compile(Mutation mutation) throws IOException {
        Path file = SOURCES.resolve(mutation.file());
        String mutated = mutation.applyTo(Files.readString(file));
        JavaFileObject source = new SimpleJavaFileObject(URI.create("string:///" + file), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return mutated;
            }
        };
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(messages, files, null,
                    List.of("-d", classes.toString(), "-cp", CLASS_PATH, "-proc:none", "-implicit:none"), null, List.of(source)).call();
            if (!compiled) {
                throw new AssertionError("stale: the mutant does not compile\n" + messages);
            }
        }
    }

    /// Runs test classes until one fails.
    ///
    /// @param suites their names below `dev.jslirp`
    /// @return the test that failed, or null when all passed
    /// @throws AssertionError if they could not be run to an end
    String firstFailure(Collection<String> suites) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM_OPTIONS);
        command.addAll(List.of("-cp", classes + File.pathSeparator + CLASS_PATH, ForkedSuites.class.getName()));
        suites.forEach(suite -> command.add("dev.jslirp." + suite));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        try {
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError("no end after " + SECONDS_MAX + " s, see " + output);
            }
        } finally {
            process.destroyForcibly();
        }
        return switch (process.exitValue()) {
            case ForkedSuites.PASSED -> null;
            case ForkedSuites.FAILED -> failedTest();
            case ForkedSuites.NOTHING_RUN -> throw new AssertionError("no test in " + suites);
            default -> throw new AssertionError("status " + process.exitValue() + ", see " + output);
        };
    }

    private String failedTest() throws IOException {
        for (String line : Files.readAllLines(output)) {
            int at = line.indexOf(ForkedSuites.FAILED_LINE);
            if (at >= 0) {
                return line.substring(at + ForkedSuites.FAILED_LINE.length());
            }
        }
        throw new AssertionError("a failure without a name, see " + output);
    }
}

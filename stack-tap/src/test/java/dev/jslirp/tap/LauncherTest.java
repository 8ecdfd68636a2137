package dev.jslirp.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher script, with scripts in place of JDKs.
class LauncherTest {
    @TempDir
    Path directory;
    private Path launcher;

    @BeforeEach
    void copyLauncherBesideABuiltTree() throws IOException {
        Path module = Files.createDirectories(directory.resolve("clone/stack-tap"));
        launcher = Files.createDirectories(module.resolve("bin")).resolve("jslirp");
        Files.copy(Path.of("bin/jslirp"), launcher, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        Files.createDirectories(module.resolve("target/lib"));
        Files.writeString(module.resolve("target/jslirp.jar"), "");
    }

    private Path jdk(String name, String version) throws IOException {
        Path home = directory.resolve("jvm").resolve(name);
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\necho " + name + " \"$@\"\n");
        assertTrue(java.toFile().setExecutable(true));
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private record Result(int status, String output) {}

    private Result launch(Map<String, String> environment, String... arguments) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(launcher.toString()).redirectErrorStream(true);
        builder.command().addAll(java.util.List.of(arguments));
        builder.environment().remove("JAVA_HOME");
        Files.createDirectories(directory.resolve("jvm"));
        builder.environment().put("JSLIRP_JVM_DIR", directory.resolve("jvm").toString());
        builder.environment().put("PATH", "/usr/bin:/bin");
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes());
        return new Result(process.waitFor(), output);
    }

    @Test
    void findsAJdkThatIsNewEnoughAndPassesArgumentsOn() throws Exception {
        jdk("a-old", "17.0.15");
        jdk("b-new", "25.0.3");
        Result result = launch(Map.of("PATH", coreutilsOnly()), "run", "--", "a b");
        assertTrue(result.output().startsWith("b-new "), result.output());
        assertTrue(result.output().endsWith("run -- a b\n"), result.output());
    }

    @Test
    void javaHomeComesFirst() throws Exception {
        jdk("b-new", "25.0.3");
        Path home = jdk("z-home", "26");
        assertTrue(launch(Map.of("JAVA_HOME", home.toString())).output().startsWith("z-home "));
    }

    @Test
    void saysWhatIsMissingWhenAllAreTooOld() throws Exception {
        jdk("a-old", "17.0.15");
        Result result = launch(Map.of("PATH", coreutilsOnly()));
        assertEquals(1, result.status());
        assertTrue(result.output().startsWith("jslirp: needs Java 25 or newer; found:"), result.output());
        assertTrue(result.output().contains("a-old (17)"), result.output());
    }

    @Test
    void buildsOnceWithMavenWhenNothingIsBuilt() throws Exception {
        jdk("b-new", "25");
        Files.delete(launcher.resolveSibling("../target/jslirp.jar").normalize());
        Path tools = directory.resolve("tools");
        Files.createDirectories(tools);
        Path mvn = Files.writeString(tools.resolve("mvn"), "#!/bin/sh\necho maven \"$@\"\n");
        assertTrue(mvn.toFile().setExecutable(true));
        String output = launch(Map.of("PATH", tools + ":/usr/bin:/bin"), "x").output();
        assertTrue(output.contains("jslirp: building"), output);
        assertTrue(output.contains("maven -q -B -DskipTests"), output);
    }

    /// A PATH with what the script uses but without any java.
    private String coreutilsOnly() throws IOException {
        Path tools = Files.createDirectories(directory.resolve("coreutils"));
        for (String tool : java.util.List.of("sh", "readlink", "dirname", "sed")) {
            Path link = tools.resolve(tool);
            if (!Files.exists(link)) {
                Files.createSymbolicLink(link, Files.exists(Path.of("/usr/bin", tool)) ? Path.of("/usr/bin", tool) : Path.of("/bin", tool));
            }
        }
        return tools.toString();
    }
}

package dev.jslirp.tap;

import java.io.File;
import java.util.ArrayList;
import java.util.List;

/// How to start this program once more: the same java, the same flags (the archived class data only fits the same ones).
final class JavaCommand {
    private JavaCommand() {}

    /// The words up to and including the jar.
    static List<String> words() {
        List<String> words = new ArrayList<>();
        words.add(System.getProperty("java.home") + "/bin/java");
        String flags = System.getProperty("jslirp.java.flags", "");
        for (String flag : flags.split(" ")) {
            if (!flag.isEmpty()) {
                words.add(flag);
            }
        }
        String classPath = System.getProperty("java.class.path");
        if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
            words.addAll(List.of("-jar", classPath));
        } else {
            words.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classPath, Main.class.getName()));
        }
        return words;
    }
}
